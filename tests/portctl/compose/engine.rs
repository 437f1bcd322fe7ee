//! A stand-in for the docker client, where there is no engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use test_support::{Sandbox, install_script, path_with};

/// A program `docker`. The real Compose answers `config` and `version`, and anything else is recorded.
#[derive(Debug)]
pub(super) struct Engine {
    folder: PathBuf,
}

/// A recorded call.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) pid: u32,
    /// Begins with `compose`.
    pub(super) words: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) folder: PathBuf,
    pub(super) stdin: String,
}

impl Engine {
    /// Creates the program in the sandbox.
    pub(super) fn new(sandbox: &Sandbox) -> Engine {
        let folder = sandbox.path().join("engine");
        fs::create_dir_all(folder.join("bin")).unwrap();
        let calls = folder.display();
        let compose = plugin(sandbox).display();
        // The plugin is started without the client, which would start it twice.
        let script = format!(
            r#"#!/bin/sh
[ "$1" = compose ] || exit 1
for word; do
    case $word in
    config | version) shift; exec '{compose}' "$@" ;;
    create | down | exec | logs | ps | run | up) break ;;
    esac
done
call={calls}/$$
mkdir "$call"
printf '%s\0' "$@" >"$call/words"
env -0 >"$call/environment"
pwd -P >"$call/folder"
cat >"$call/stdin"
. {calls}/bin/then
"#
        );
        install_script(&script, &folder.join("bin/docker"));
        let engine = Engine { folder };
        engine.then("exit 0");
        engine
    }

    /// Sets the shell script that the program runs after it has recorded a call.
    pub(super) fn then(&self, script: &str) {
        fs::write(self.folder.join("bin/then"), script).unwrap();
    }

    /// Puts the program first on the PATH of a command.
    pub(super) fn serve(&self, command: &mut Command) {
        command.env("PATH", path_with(&[self.folder.join("bin")]));
    }

    /// Returns the only call since the last time.
    #[track_caller]
    pub(super) fn call(&self) -> Call {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    /// Returns the calls since the last time.
    pub(super) fn calls(&self) -> Vec<Call> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let entries = entries.map(|entry| entry.unwrap().path());
        let calls = entries.filter(|it| !it.ends_with("bin"));
        calls.map(|it| recorded(&it)).collect()
    }
}

fn recorded(folder: &Path) -> Call {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let texts = |name: &str| -> Vec<String> {
        let text = read(name);
        text.split_terminator('\0').map(ToOwned::to_owned).collect()
    };
    let variables = texts("environment").into_iter();
    let variables = variables.filter_map(|it| {
        let (name, value) = it.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let call = Call {
        pid: folder
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap(),
        words: texts("words"),
        environment: variables.collect(),
        folder: PathBuf::from(read("folder").trim_end()),
        stdin: read("stdin"),
    };
    fs::remove_dir_all(folder).unwrap();
    call
}

/// Returns the program of Docker Compose, a plugin of the docker client.
fn plugin(sandbox: &Sandbox) -> &'static Path {
    static PLUGIN: OnceLock<PathBuf> = OnceLock::new();
    PLUGIN.get_or_init(|| {
        let format =
            "{{range .ClientInfo.Plugins}}{{if eq .Name \"compose\"}}{{.Path}}{{end}}{{end}}";
        // It fails without an engine, but prints what the client knows.
        let ran = sandbox.run("docker", &["info", "--format", format]);
        let plugin = ran.stdout.lines().next().unwrap_or_default();
        assert!(Path::new(plugin).is_file(), "{ran:?}");
        PathBuf::from(plugin)
    })
}
