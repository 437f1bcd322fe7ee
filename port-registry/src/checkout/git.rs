//! Running git. No other module does.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use thiserror::Error;

use super::process::{ProcessError, Running};
use crate::deadline::Deadline;
use crate::system::trust;

const PROGRAM: &str = "git";

/// The time that git has for all commands of one question.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Runs git in the root of a checkout.
#[derive(Debug)]
pub(super) struct Git<'a> {
    root: &'a Path,
    deadline: Deadline,
}

/// The output of a git command that exited with one of the expected codes.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) stdout: Vec<u8>,
    status: ExitStatus,
    stderr: Vec<u8>,
}

/// The error of running git.
#[derive(Debug, Error)]
pub(super) enum GitError {
    /// No folder in `PATH` has a program named git.
    #[error("git is not installed")]
    NotInstalled,
    #[error("cannot run git: {0}")]
    Start(io::Error),
    #[error("cannot read the answer of git: {0}")]
    Read(io::Error),
    #[error("git did not answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    #[error("git printed too much")]
    TooMuchOutput,
    #[error("git {0}")]
    Failed(String),
    #[error("{problem} (this is {version})")]
    Unexpected { problem: String, version: String },
    #[error("{0}")]
    Other(String),
}

impl<'a> Git<'a> {
    /// Prepares to run git in the root of a checkout. The time limit begins now.
    pub(super) fn new(root: &'a Path) -> Git<'a> {
        Git {
            root,
            deadline: Deadline::after(TIME_LIMIT),
        }
    }

    pub(super) fn root(&self) -> &'a Path {
        self.root
    }

    /// Runs git with these arguments.
    ///
    /// # Errors
    ///
    /// Returns an error if git cannot be run, and if it exits with any other than these codes.
    pub(super) fn run<A: AsRef<OsStr>>(
        &self,
        args: &[A],
        codes: &[i32],
    ) -> Result<Answer, GitError> {
        let mut command = self.command();
        let running = match Running::start(command.args(args)) {
            Err(error) => return Err(self.start_error(error)),
            Ok(running) => running,
        };
        let exited = running.finish(self.deadline).map_err(|error| match error {
            ProcessError::TimedOut => GitError::TimedOut(self.deadline.wait()),
            ProcessError::TooMuchOutput => GitError::TooMuchOutput,
            ProcessError::Io(error) => GitError::Read(error),
        })?;
        match exited.status.code() {
            Some(code) if codes.contains(&code) => Ok(Answer {
                code,
                stdout: exited.stdout,
                status: exited.status,
                stderr: exited.stderr,
            }),
            _ => Err(failure(exited.status, &exited.stderr)),
        }
    }

    /// Makes the error for output that this program does not understand, with the version of git.
    pub(super) fn unexpected(&self, problem: &str) -> GitError {
        let version = self.version();
        GitError::Unexpected {
            problem: problem.to_owned(),
            version: version.unwrap_or_else(|_| "an unknown version of git".to_owned()),
        }
    }

    /// Returns the version, as git prints it.
    pub(super) fn version(&self) -> Result<String, GitError> {
        let answer = self.run(&["--version"], &[0])?;
        let version = quote(&answer.stdout);
        version.ok_or_else(|| GitError::Other("git printed no version".to_owned()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        for (variable, _) in env::vars_os() {
            if redirects(&variable) {
                command.env_remove(variable);
            }
        }
        command
            .current_dir(self.root)
            // Messages are quoted.
            .env("LC_ALL", "C")
            // A repository may belong to another user and lack objects, which its configuration must not fetch.
            .env("GIT_ALLOW_PROTOCOL", "")
            .env("GIT_NO_LAZY_FETCH", "1")
            // Nor may it run a program to find changed files.
            .args(["-c", "core.fsmonitor="]);
        // Never find the repository of a folder above.
        if let Some(parent) = self.root.parent() {
            command.env("GIT_CEILING_DIRECTORIES", parent);
        }
        if self.belongs_to_another_user() {
            // Git would refuse the repository. Its owner is the owner of the folder, or the user who called sudo.
            let mut safe = OsString::from("safe.directory=");
            safe.push(self.root);
            command.arg("-c").arg(safe);
        }
        command
    }

    fn belongs_to_another_user(&self) -> bool {
        let is_own = |path: &Path| fs::symlink_metadata(path).is_ok_and(|it| trust::is_own(&it));
        !is_own(self.root) || !is_own(&self.root.join(".git"))
    }

    /// Tells a missing git from one that cannot be started. The operating system reports the last folder of `PATH`, and a
    /// git whose interpreter is missing as a missing file.
    fn start_error(&self, error: io::Error) -> GitError {
        let may_be_missing = matches!(
            error.kind(),
            ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
        );
        if may_be_missing && self.root.is_dir() && !is_in_path(self.root) {
            GitError::NotInstalled
        } else {
            GitError::Start(error)
        }
    }
}

impl Answer {
    /// Makes the error for an answer whose exit code means a failure after all.
    pub(super) fn failure(&self) -> GitError {
        failure(self.status, &self.stderr)
    }
}

impl GitError {
    /// Returns the error as the source of the library's one.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::other(self.to_string())
    }
}

/// Tests if a variable may change what git says about a folder. In a git hook, such variables name the hook's
/// repository and configuration. The few that are kept lead to git's own programs and to the user's configuration.
fn redirects(variable: &OsStr) -> bool {
    const KEPT: [&str; 4] = [
        "GIT_EXEC_PATH",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
    ];
    variable.as_encoded_bytes().starts_with(b"GIT_") && !KEPT.iter().any(|kept| variable == *kept)
}

/// Tests if a folder in `PATH` has a git, even if this user may not run it. Relative folders begin where git is run.
fn is_in_path(root: &Path) -> bool {
    let name = Path::new(PROGRAM).with_extension(env::consts::EXE_EXTENSION);
    let Some(path) = env::var_os("PATH") else {
        return false;
    };
    env::split_paths(&path).any(|folder| {
        let program = root.join(folder).join(&name);
        fs::symlink_metadata(&program).is_ok() && !program.is_dir()
    })
}

/// Makes an error of the end of git, with the line that names the reason.
fn failure(status: ExitStatus, stderr: &[u8]) -> GitError {
    let end = match status.code() {
        Some(code) => format!("failed with exit code {code}"),
        None => format!("was terminated: {status}"),
    };
    GitError::Failed(match quote(stderr) {
        Some(reason) => format!("{end}: {reason}"),
        None => end,
    })
}

/// Returns the last line of a message, or git's own error if advice follows it.
fn quote(message: &[u8]) -> Option<String> {
    const LONGEST: usize = 400;
    let text = String::from_utf8_lossy(message);
    let mut lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let fatal = text.lines().rfind(|line| line.starts_with("fatal: "));
    let line = fatal.or_else(|| lines.next_back())?;
    Some(line.chars().take(LONGEST).collect())
}
