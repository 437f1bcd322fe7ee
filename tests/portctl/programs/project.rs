//! A copy of a project of tests/programs/projects, in which portctl starts the installed programs.

use std::ffi::OsString;
use std::net::{Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::PORTCTL;
use test_support::helper::Helper;
use test_support::{Ran, Sandbox, free_block, occupant_by, path_with, program};

/// Variables that keep programs from reporting their use, from looking for updates, and from asking questions.
const QUIET: &[(&str, &str)] = &[
    ("ASTRO_TELEMETRY_DISABLED", "1"),
    ("DO_NOT_TRACK", "1"),
    ("NEXT_TELEMETRY_DISABLED", "1"),
    ("NG_CLI_ANALYTICS", "false"),
    ("NUXT_TELEMETRY_DISABLED", "1"),
    ("STORYBOOK_DISABLE_TELEMETRY", "1"),
    ("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false"),
    ("STREAMLIT_SERVER_HEADLESS", "true"),
    ("WRANGLER_SEND_METRICS", "false"),
    ("YARN_ENABLE_TELEMETRY", "0"),
    ("npm_config_update_notifier", "false"),
];

/// A copy of a project.
pub(super) struct Project {
    pub(super) sandbox: Sandbox,
    /// A port that no other test uses.
    pub(super) port: u16,
}

impl Project {
    /// Copies a project, and gives the port to its service `web`.
    pub(super) fn new(name: &str) -> Project {
        let project = Project::without_ports(name);
        let port = project.port.to_string();
        let got = Ran::of(&mut project.portctl(&["get", "web", "--port", &port]));
        assert_eq!(got.printed(), port);
        project
    }

    /// Copies a project, and allocates nothing.
    pub(super) fn without_ports(name: &str) -> Project {
        let sandbox = Sandbox::in_memory();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs/projects");
        let mut copy = sandbox.command("cp");
        copy.arg("-R").arg(source.join(name).join(".")).arg(".");
        Ran::of(&mut copy).printed();
        // Above the project, so that the caches that servers keep in its own node_modules are not shared.
        let packages = installed("npm/node_modules");
        #[cfg(unix)]
        std::os::unix::fs::symlink(packages, sandbox.path().join("node_modules")).unwrap();
        Project {
            sandbox,
            port: free_block(1),
        }
    }

    /// Prepares portctl with the installed programs on its PATH.
    pub(super) fn portctl(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(PORTCTL);
        command.args(words).env("PATH", path(&[]));
        command.envs(QUIET.iter().copied());
        command
    }

    /// Prepares `portctl run web -- COMMAND`.
    pub(super) fn run(&self, flags: &[&str], command: &[&str]) -> Command {
        self.portctl(&[&["run", "web"], flags, &["--"], command].concat())
    }

    /// Starts a process of an unknown checkout on the port, on both addresses of `localhost`.
    pub(super) fn occupy(&self) -> Helper {
        let mut command = Command::new(program("test-listener"));
        command.args([&self.port.to_string(), "on=127.0.0.1"]);
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            command.arg("on=::1");
        }
        occupant_by(command.current_dir("/")).0
    }
}

/// The PATH of the system, behind these folders and those of the installed programs.
pub(super) fn path(first: &[PathBuf]) -> OsString {
    let own = [installed("python/bin"), installed("npm/node_modules/.bin")];
    path_with(&[first, &own].concat())
}

/// Returns a path in the folder that `.ci/programs` fills: `programs` in Cargo's target folder.
#[track_caller]
pub(crate) fn installed(path: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let mut folders = test.ancestors().map(|it| it.join("programs"));
    let programs = folders.find(|it| it.join("npm/stamp").exists());
    let programs = programs.expect("run .ci/programs first, which installs the programs");
    let found = programs.join(path);
    assert!(
        fs::exists(&found).unwrap(),
        "{} is missing",
        found.display()
    );
    found
}
