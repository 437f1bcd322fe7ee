//! A home and a work folder for one test.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use port_registry::Registry;
use tempfile::TempDir;

use crate::{Ran, folder_in_memory, install_script, installed};
#[cfg(unix)]
use crate::{is_available, users};

/// The path of git. With PATH in its environment, the system starts a program by its path several times faster than by its name:
/// without copying the memory maps of the test.
static GIT: LazyLock<PathBuf> = LazyLock::new(|| installed("git"));

/// A temporary HOME and a work folder, both empty at first.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub fn new() -> Sandbox {
        Sandbox::in_folder(tempfile::tempdir().unwrap())
    }

    /// Like [`new`](Self::new), but in memory, for tests that would mostly sync files to a disk. Stays on disk if the system
    /// does not run programs from memory, as in many containers.
    pub fn in_memory() -> Sandbox {
        static RUNS_PROGRAMS: LazyLock<bool> = LazyLock::new(|| {
            let folder = folder_in_memory();
            let trial = folder.path().join("trial");
            install_script("#!/bin/sh\n", &trial);
            Command::new(trial).status().is_ok_and(|it| it.success())
        });
        if *RUNS_PROGRAMS {
            Sandbox::in_folder(folder_in_memory())
        } else {
            Sandbox::new()
        }
    }

    fn in_folder(folder: TempDir) -> Sandbox {
        fs::create_dir(folder.path().join("home")).unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Sandbox { folder }
    }

    /// Canonical path of the folder that contains the sandbox.
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// A folder outside of any git repository.
    pub fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// The default store of programs in the sandbox.
    pub fn store(&self) -> PathBuf {
        self.home().join(".port-registry").join("ports.redb")
    }

    /// Opens the default store in this process.
    #[track_caller]
    pub fn registry(&self) -> Registry {
        Registry::builder().with_path(self.store()).open().unwrap()
    }

    /// Prepares a program to run in the work folder, without the environment of the test except PATH.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for variable in ["PATH", "SystemRoot", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
        command
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            // The temporary folder may be inside a repository.
            .env("GIT_CEILING_DIRECTORIES", self.path())
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs a program until it ends.
    pub fn run(&self, program: impl AsRef<OsStr>, words: &[&str]) -> Ran {
        Ran::of(self.command(program).args(words))
    }

    /// Opens the sandbox to all users, so that commands [as nobody](Self::as_nobody) can run in it. Returns false if this user
    /// cannot become another one, and the test is skipped.
    #[cfg(unix)]
    #[track_caller]
    pub fn admits_nobody(&self) -> bool {
        use std::fs::Permissions;
        use std::os::unix::fs::{MetadataExt, PermissionsExt};

        if fs::metadata(self.path()).unwrap().uid() != 0 {
            users::say_skipped();
            return false;
        }
        fs::set_permissions(self.path(), Permissions::from_mode(0o755)).unwrap();
        let mut trial = self.as_nobody();
        is_available(
            "another user, by setpriv",
            trial.arg("true").current_dir("/"),
        )
    }

    /// Returns a command that runs its arguments as [`NOBODY`](users::NOBODY). Only root can run it.
    #[cfg(unix)]
    pub fn as_nobody(&self) -> Command {
        let nobody = users::NOBODY.to_string();
        let mut command = self.command("setpriv");
        command.args(["--reuid", &nobody, "--regid", &nobody]);
        command.args(["--clear-groups", "--"]);
        command
    }

    /// Runs git in a folder. Panics if it fails.
    pub fn git(&self, folder: &Path, words: &[&str]) {
        let ran = Ran::of(
            self.command(&*GIT)
                .args([
                    "-c",
                    "user.name=Tester",
                    "-c",
                    "user.email=tester@example.com",
                ])
                .args([
                    "-c",
                    "init.defaultBranch=main",
                    "-c",
                    "protocol.file.allow=always",
                ])
                .args(words)
                .current_dir(folder),
        );
        assert_eq!(ran.code, Some(0), "git {words:?}: {}", ran.stderr);
    }
}
