//! A place where `portctl` runs, in process or with a daemon.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::Value;
use test_support::daemon::Daemon;
use test_support::helper::Helper;
use test_support::{
    NOBODY, Ran, Sandbox, free_block, install, is_available, namespace, occupant_by, program,
};

use super::engine::Engine;

/// The number of ports that a scene may allocate.
const RANGE: u16 = 8;

/// A sandbox, whose programs may be in a network namespace of their own, and without privileges.
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    /// A process in the network namespace of the scene.
    resident: Option<Helper>,
    /// The words before the command line of `portctl` and the daemon.
    wrapper: Vec<OsString>,
    /// Variables of `portctl` and the daemon.
    variables: Vec<(&'static str, OsString)>,
    pub(super) daemon: Option<Daemon>,
    pub(super) engine: Option<Engine>,
}

/// Runs a test on two scenes at the same time: in process on one, through a daemon on the other. Does nothing if the system
/// cannot have such scenes.
pub(super) fn both_ways<S: Into<Option<Scene>>>(
    make: impl Fn() -> S,
    test: impl Fn(&Scene) + Sync,
) {
    let Some(in_process) = make().into() else {
        return;
    };
    let mut over_http: Scene = make().into().unwrap();
    let mut command = over_http.command("port-registry");
    over_http.daemon = Some(Daemon::spawn(command.args(["--port", "0"])));
    thread::scope(|scope| {
        for scene in [&in_process, &over_http] {
            scope.spawn(|| test(scene));
        }
    });
}

impl Scene {
    /// Makes a scene with a range of free ports.
    pub(super) fn new() -> Scene {
        let first = free_block(RANGE);
        let range = format!("{first}-{}", first + RANGE - 1);
        Scene {
            sandbox: Sandbox::in_memory(),
            resident: None,
            wrapper: Vec::new(),
            variables: vec![("PORT_REGISTRY_RANGE", range.into())],
            daemon: None,
            engine: None,
        }
    }

    /// Makes a scene in a network namespace of its own, after running a shell command in it. Returns `None` if the system
    /// cannot have one, or if the command fails.
    pub(super) fn in_network(setup: &str) -> Option<Scene> {
        let mut scene = Scene::new();
        let setup = format!(
            "set -e; PATH=$PATH:/usr/sbin:/sbin; export XTABLES_LOCKFILE=\"$HOME/xtables.lock\"; \
             ip link set lo up; {setup}"
        );
        let mut command = namespace::command(&scene.sandbox, "--net", &setup)?;
        let script = format!("{{ {setup}; }} >&2; echo ready; exec cat");
        let mut resident = Helper::spawn(command.args(["sh", "-c", &script]));
        resident.expect("ready");
        scene.resident = Some(resident);
        Some(scene)
    }

    /// Makes a scene whose programs run as a user without privileges. Returns `None` if they would run as root.
    pub(super) fn of_user() -> Option<Scene> {
        let mut scene = Scene::new();
        let top = scene.sandbox.path();
        if fs::metadata(&top).unwrap().uid() != 0 {
            return Some(scene);
        }
        let mut trial = scene.sandbox.as_nobody();
        if !is_available(
            "another user, by setpriv",
            trial.arg("true").current_dir("/"),
        ) {
            return None;
        }
        // Another user may not enter the folder of the programs.
        for name in ["portctl", "port-registry", "test-listener"] {
            install(program(name), &top.join(name));
        }
        fs::set_permissions(&top, Permissions::from_mode(0o755)).unwrap();
        for folder in [scene.sandbox.home(), scene.sandbox.work()] {
            chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let nobody = scene.sandbox.as_nobody();
        let words = std::iter::once(nobody.get_program()).chain(nobody.get_args());
        scene.wrapper = words.map(OsStr::to_owned).collect();
        Some(scene)
    }

    /// Runs `portctl` and the daemon by this command.
    pub(super) fn wrapped(mut self, words: &[&str]) -> Scene {
        self.wrapper.extend(words.iter().map(OsString::from));
        self
    }

    /// Sets a variable for `portctl` and the daemon.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Scene {
        self.variables.push((name, value.into()));
        self
    }

    pub(super) fn work(&self) -> PathBuf {
        self.sandbox.work()
    }

    /// Prepares any program to run in the namespace.
    pub(super) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let Some(resident) = &self.resident else {
            return self.sandbox.command(program);
        };
        let mut command = self.sandbox.command("nsenter");
        command.args(["--preserve-credentials", "--user", "--net", "--target"]);
        command
            .arg(resident.id().to_string())
            .arg("--")
            .arg(program);
        command
    }

    /// Prepares `portctl` or the daemon.
    pub(super) fn command(&self, name: &str) -> Command {
        self.command_by(&self.wrapper, name)
    }

    /// Runs `portctl` as if the scene were not [wrapped](Self::wrapped).
    pub(super) fn run_unwrapped(&self, words: &[&str]) -> Ran {
        Ran::of(self.command_unwrapped("portctl").args(words))
    }

    /// Prepares `portctl` or the daemon as if the scene were not [wrapped](Self::wrapped).
    pub(super) fn command_unwrapped(&self, name: &str) -> Command {
        self.command_by(&[], name)
    }

    fn command_by(&self, wrapper: &[OsString], name: &str) -> Command {
        let mut words = wrapper.iter().cloned().chain([self.place_of(name)]);
        let mut command = self.program(words.next().unwrap());
        command.args(words);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(daemon) = &self.daemon {
            command.env("PORT_REGISTRY_ADDR", daemon.address.to_string());
        }
        command
    }

    fn place_of(&self, name: &str) -> OsString {
        let copy = self.sandbox.path().join(name);
        let place = if copy.exists() { copy } else { program(name) };
        place.into()
    }

    pub(super) fn run_in(&self, folder: &Path, words: &[&str]) -> Ran {
        Ran::of(self.command("portctl").args(words).current_dir(folder))
    }

    pub(super) fn run(&self, words: &[&str]) -> Ran {
        self.run_in(&self.work(), words)
    }

    /// Runs a command that must succeed and print JSON.
    #[track_caller]
    pub(super) fn json_in(&self, folder: &Path, words: &[&str]) -> Value {
        let ran = self.run_in(folder, words);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// Checks a port that is not available, seen from a folder: as text and as JSON.
    #[track_caller]
    pub(super) fn check_in(&self, folder: &Path, port: u16) -> (String, Value) {
        let port = port.to_string();
        let text = self.run_in(folder, &["check", &port]);
        let json = self.run_in(folder, &["check", &port, "--json"]);
        let outcome = (text.code, json.code, &*text.stderr, &*json.stderr);
        assert_eq!(outcome, (Some(1), Some(1), "", ""), "{text:?} {json:?}");
        let text = text.stdout.trim_end().to_owned();
        (text, serde_json::from_str(&json.stdout).unwrap())
    }

    #[track_caller]
    pub(super) fn check(&self, port: u16) -> (String, Value) {
        self.check_in(&self.work(), port)
    }

    #[track_caller]
    pub(super) fn assert_available(&self, port: u16) {
        let ran = self.run(&["check", &port.to_string()]);
        assert_eq!(ran.printed(), format!("port {port} is available"));
    }

    /// Starts `test-listener` in the namespace, in a folder, with all its privileges. Returns its port.
    #[track_caller]
    pub(super) fn listen(&self, folder: &Path, words: &[&str]) -> (Helper, u16) {
        let mut command = self.program(program("test-listener"));
        occupant_by(command.args(words).current_dir(folder))
    }

    /// Creates a folder in the work folder.
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.work().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Creates a repository with a commit in the work folder.
    pub(super) fn repository(&self, name: &str) -> PathBuf {
        let folder = self.folder(name);
        self.sandbox.git(&folder, &["init", "-q"]);
        let commit = ["commit", "-q", "--allow-empty", "-m", "Begin"];
        self.sandbox.git(&folder, &commit);
        folder
    }

    /// Returns the owner of a port's listener, seen from a folder.
    #[track_caller]
    pub(super) fn owner(&self, folder: &Path, port: u16) -> String {
        let (_, status) = self.check_in(folder, port);
        status["owner"].as_str().unwrap().to_owned()
    }
}
