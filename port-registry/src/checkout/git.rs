//! Running git. No other module does.

use std::borrow::Cow;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use thiserror::Error;

use super::process::{ProcessError, Running};
use crate::deadline::Deadline;
use crate::system::owner;

/// The time that git has for all commands of one question.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Runs git in the root of a checkout.
#[derive(Debug)]
pub(super) struct Git<'a> {
    root: &'a Path,
    program: OsString,
    deadline: Deadline,
}

/// The output of git, which exited with a code that its command may have.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) stdout: Vec<u8>,
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
            program: OsString::from("git"),
            deadline: Deadline::after(TIME_LIMIT),
        }
    }

    pub(super) fn root(&self) -> &'a Path {
        self.root
    }

    /// Runs another program in place of git, for tests.
    #[cfg(test)]
    pub(super) fn with_program(self, program: &Path, limit: Duration) -> Git<'a> {
        Git {
            program: program.into(),
            deadline: Deadline::after(limit),
            ..self
        }
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
                stderr: exited.stderr,
            }),
            Some(code) => Err(failure(
                &format!("failed with exit code {code}"),
                &exited.stderr,
            )),
            None => Err(failure(
                &format!("was terminated: {}", exited.status),
                &exited.stderr,
            )),
        }
    }

    /// Makes the error for output that this program does not understand, with the version of git.
    pub(super) fn unexpected(&self, problem: impl Into<String>) -> GitError {
        let version = self.run(&["--version"], &[0]);
        let version = version.map(|it| first_line(&it.stdout).into_owned());
        GitError::Unexpected {
            problem: problem.into(),
            version: version.unwrap_or_else(|_| "an unknown version of git".to_owned()),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (variable, _) in env::vars_os() {
            if redirects(&variable) {
                command.env_remove(variable);
            }
        }
        command
            .current_dir(self.root)
            // Messages are quoted, and nobody is there to answer a question.
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            // A repository may belong to another user and lack objects, which its configuration must not fetch.
            .env("GIT_ALLOW_PROTOCOL", "")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            // Nor may it run a program to find changed files.
            .args(["-c", "core.fsmonitor="]);
        // The repository above is never an answer.
        if let Some(parent) = self.root.parent() {
            command.env("GIT_CEILING_DIRECTORIES", parent);
        }
        if self.belongs_to_another_user() {
            // Git would refuse it. Its owner is the owner of the folder, or called sudo.
            let mut safe = OsString::from("safe.directory=");
            safe.push(self.root);
            command.arg("-c").arg(safe);
        }
        command
    }

    fn belongs_to_another_user(&self) -> bool {
        let is_own = |path: &Path| fs::symlink_metadata(path).is_ok_and(|it| owner::is_own(&it));
        !is_own(self.root) || !is_own(&self.root.join(".git"))
    }

    /// Tells a missing git from one that cannot be started. Both may be reported as a missing file.
    fn start_error(&self, error: io::Error) -> GitError {
        let may_be_missing = matches!(
            error.kind(),
            ErrorKind::NotFound | ErrorKind::PermissionDenied
        );
        if may_be_missing && self.root.is_dir() && !is_in_path(&self.program, self.root) {
            GitError::NotInstalled
        } else {
            GitError::Start(error)
        }
    }
}

impl Answer {
    /// Makes the error for an answer whose exit code means a failure after all.
    pub(super) fn failure(&self) -> GitError {
        failure(
            &format!("failed with exit code {}", self.code),
            &self.stderr,
        )
    }
}

impl GitError {
    /// Returns the error as the source of the library's one.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::other(self.to_string())
    }
}

/// Tests if a variable may change what git says about a folder. In a git hook, some of them name the repository and the
/// configuration of the hook. The few others find git's own programs, and the configuration of the user.
fn redirects(variable: &OsStr) -> bool {
    const KEPT: [&str; 4] = [
        "GIT_EXEC_PATH",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
    ];
    variable.as_encoded_bytes().starts_with(b"GIT_") && !KEPT.iter().any(|kept| variable == *kept)
}

/// Tests if a folder in `PATH` has a program of this name, even if this user may not run it. Relative folders begin where
/// git is run.
fn is_in_path(program: &OsStr, root: &Path) -> bool {
    let name = Path::new(program).with_extension(env::consts::EXE_EXTENSION);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .any(|folder| fs::symlink_metadata(root.join(folder).join(&name)).is_ok())
}

/// Makes an error of the end of git, with the line that names the reason.
fn failure(end: &str, stderr: &[u8]) -> GitError {
    GitError::Failed(match reason(stderr) {
        Some(reason) => format!("{end}: {reason}"),
        None => end.to_owned(),
    })
}

/// Returns the last line of an error message, or git's own error if advice follows it.
fn reason(stderr: &[u8]) -> Option<String> {
    const LONGEST: usize = 400;
    let text = String::from_utf8_lossy(stderr);
    let mut lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let fatal = text.lines().rfind(|line| line.starts_with("fatal: "));
    let line = fatal.or_else(|| lines.next_back())?;
    Some(line.chars().take(LONGEST).collect())
}

fn first_line(output: &[u8]) -> Cow<'_, str> {
    let line = output.split(|&byte| byte == b'\n').next();
    String::from_utf8_lossy(line.unwrap_or_default())
}
