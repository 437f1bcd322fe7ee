//! Copies of the example, and their builds.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use port_registry::{Checkout, Registry};
use serde_json::Value;
use test_support::{Ran, Sandbox};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/build-script");

const LIBRARY: &str = env!("CARGO_MANIFEST_DIR");

/// The server and its client.
pub(super) const PACKAGES: [&str; 2] = ["build-script-example-web", "build-script-example-client"];

const FILES: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "web/Cargo.toml",
    "web/build.rs",
    "web/src/main.rs",
    "client/Cargo.toml",
    "client/build.rs",
    "client/src/lib.rs",
];

/// A checkout of the example.
pub(super) struct Workspace<'a> {
    sandbox: &'a Sandbox,
    root: PathBuf,
    target: PathBuf,
}

/// A run of cargo in a checkout.
pub(super) struct Build(Command);

/// The result of a build.
pub(super) struct Built {
    pub(super) messages: String,
    /// The ports of the server and the client.
    pub(super) ports: [Option<u16>; 2],
}

impl<'a> Workspace<'a> {
    /// Copies the example to a folder outside of git.
    pub(super) fn plain(sandbox: &'a Sandbox, name: &str) -> Workspace<'a> {
        let root = sandbox.path().join(name);
        copy_example(&root);
        Workspace::new(sandbox, root)
    }

    /// Copies the example to a new repository.
    pub(super) fn in_git(sandbox: &'a Sandbox, name: &str) -> Workspace<'a> {
        let workspace = Workspace::plain(sandbox, name);
        let root = &workspace.root;
        fs::write(root.join(".gitignore"), "/target\n/nested\n").unwrap();
        sandbox.git(root, &["init", "-q"]);
        sandbox.git(root, &["add", "."]);
        sandbox.git(root, &["commit", "-qm", "Begin"]);
        workspace
    }

    /// Adds a worktree, whose path begins at the sandbox.
    pub(super) fn worktree(&self, path: &str) -> Workspace<'a> {
        let root = self.sandbox.path().join(path);
        let words = ["worktree", "add", "-q", "--detach", root.to_str().unwrap()];
        self.sandbox.git(&self.root, &words);
        Workspace::new(self.sandbox, root)
    }

    fn new(sandbox: &'a Sandbox, root: PathBuf) -> Workspace<'a> {
        let target = root.join("target");
        Workspace {
            sandbox,
            root,
            target,
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Builds into another target folder from now on.
    pub(super) fn share_target(&mut self, target: &Path) {
        target.clone_into(&mut self.target);
    }

    /// Prepares a build of both packages.
    pub(super) fn build(&self) -> Build {
        if !self.target.exists() {
            built_dependencies(&self.target);
        }
        let mut command = cargo_in(self.sandbox, &self.root, &self.target);
        command.args(["build", "--locked", "--message-format", "json"]);
        Build(command)
    }

    /// Prepares an archive of a package, which cargo builds for verification.
    pub(super) fn package(&self, name: &str) -> Build {
        let mut command = cargo_in(self.sandbox, &self.root, &self.target);
        // The library is not in a registry.
        let patch = format!("patch.crates-io.port-registry.path={LIBRARY:?}");
        command.args(["package", "--allow-dirty", "--config", &patch, "-p", name]);
        Build(command)
    }

    /// Asserts that git sees no change.
    #[track_caller]
    pub(super) fn assert_clean(&self) {
        let mut command = self.sandbox.command("git");
        let status = Ran::of(command.args(["status", "--short"]).current_dir(&self.root));
        assert_eq!((status.code, &*status.stdout), (Some(0), ""));
    }
}

impl Build {
    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Build {
        self.0.env(name, value);
        self
    }

    #[track_caller]
    pub(super) fn succeeds(mut self) -> Built {
        let ran = succeeds(&mut self.0);
        let messages: Vec<Value> = ran
            .stdout
            .lines()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect();
        let ports = PACKAGES.map(|package| port_in(&messages, package));
        let messages = ran.stderr;
        Built { messages, ports }
    }
}

/// Finds the port that the build script of a package set.
fn port_in(messages: &[Value], package: &str) -> Option<u16> {
    let is_script = |it: &&Value| {
        let id = it["package_id"].as_str().unwrap_or_default();
        it["reason"] == "build-script-executed" && id.contains(package)
    };
    let variables = messages.iter().find(is_script)?["env"].as_array()?;
    let port = variables.iter().find(|it| it[0] == "WEB_PORT")?;
    port[1].as_str()?.parse().ok()
}

/// Returns the port of a checkout's `web` in the registry, as `portctl get` finds it, for each package.
#[track_caller]
pub(super) fn ports_of(registry: &Registry, workspace: &Workspace) -> [Option<u16>; 2] {
    let here = Checkout::open(workspace.root()).unwrap();
    let own = here.allocations(registry).unwrap();
    let web = here.held(&own, "web").unwrap();
    [Some(web.unwrap().port.get()); 2]
}

/// Copies the example's built dependencies to `target`. Builds them once, in a folder that later runs reuse.
pub(super) fn built_dependencies(target: &Path) -> PathBuf {
    let tmpdir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let built = tmpdir.join("build-script");
    // Tests may run in parallel, in other processes too.
    let lock = fs::File::create(tmpdir.join("build-script.lock")).unwrap();
    lock.lock().unwrap();
    let sandbox = Sandbox::new();
    let folder = tmpdir.join("build-script-dependencies");
    copy_example(&folder);
    // The example's lock file names crates that the workspace's does not. Those that are there are not asked for.
    let mut command = cargo_in(&sandbox, &folder, &built);
    succeeds(
        command
            .args(["fetch", "--locked"])
            .env("CARGO_NET_OFFLINE", "false"),
    );
    let mut command = cargo_in(&sandbox, &folder, &built);
    succeeds(command.args(["build", "--locked"]));
    succeeds(Command::new("cp").arg("-a").arg(&built).arg(target));
    target.to_owned()
}

/// Copies the example. Files that are there already keep their time, so that nothing is built again.
fn copy_example(folder: &Path) {
    for file in FILES {
        let copy = folder.join(file);
        let text = fs::read_to_string(Path::new(EXAMPLE).join(file)).unwrap();
        let text = text.replace("../../port-registry", LIBRARY);
        if fs::read_to_string(&copy).is_ok_and(|it| it == text) {
            continue;
        }
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::write(copy, text).unwrap();
    }
}

/// Prepares cargo without access to the network, and with the registry of the sandbox. It keeps the tester's environment,
/// because that decides which toolchain runs, and if rustup may change it.
fn cargo_in(sandbox: &Sandbox, folder: &Path, target: &Path) -> Command {
    let home = std::env::home_dir().unwrap();
    let or_in_home = |variable: &str, folder: &str| {
        std::env::var_os(variable).unwrap_or_else(|| home.join(folder).into())
    };
    let mut command = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("PORT_REGISTRY_") || name.starts_with("GIT_") {
            command.env_remove(&*name);
        }
    }
    for (name, value) in sandbox.command("git").get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
        .env("CARGO_HOME", or_in_home("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", or_in_home("RUSTUP_HOME", ".rustup"))
        .env("RUSTUP_AUTO_INSTALL", "0")
        .env("CARGO_TARGET_DIR", target)
        // Target folders are copied often.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("DOCS_RS")
        .current_dir(folder);
    command
}

#[track_caller]
fn succeeds(command: &mut Command) -> Ran {
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran
}
