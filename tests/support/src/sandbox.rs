//! A home and a work folder of a test's own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Ran;

/// A user that owns nothing.
pub const NOBODY: u32 = 65534;

/// A temporary HOME and a folder to work in, both empty at first.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub fn new() -> Sandbox {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Sandbox { folder }
    }

    /// The real path of the folder that holds everything.
    pub fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// Outside of any repository.
    pub fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// The store that everything in the sandbox shares.
    pub fn store(&self) -> PathBuf {
        self.home().join(".port-registry").join("ports.redb")
    }

    /// A program with nothing of the tester's environment but the PATH, in the work folder.
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
            // A sandbox may lie in a folder that is itself in a repository.
            .env("GIT_CEILING_DIRECTORIES", self.path())
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    pub fn run(&self, program: impl AsRef<OsStr>, words: &[&str]) -> Ran {
        Ran::of(self.command(program).args(words))
    }

    /// A command that runs what is added to it as a user that owns nothing, which takes root.
    pub fn as_nobody(&self) -> Command {
        let nobody = NOBODY.to_string();
        let mut command = self.command("setpriv");
        command.args(["--reuid", &nobody, "--regid", &nobody]);
        command.args(["--clear-groups", "--"]);
        command
    }

    /// Runs git in a folder; it must succeed.
    pub fn git(&self, folder: &Path, words: &[&str]) {
        let ran = Ran::of(
            self.command("git")
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
