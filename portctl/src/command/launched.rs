//! Running a program in the place of portctl.

use std::io::{self, ErrorKind};
use std::process::Command;

/// The exit codes of shells and env(1) (POSIX, "Exit Status for Commands").
pub(super) const EXIT_NOT_FOUND: u8 = 127;
const EXIT_NOT_RUN: u8 = 126;

/// The exit code for a program that could not be run.
pub(super) fn exit_code(error: &io::Error) -> u8 {
    match error.kind() {
        ErrorKind::NotFound => EXIT_NOT_FOUND,
        _ => EXIT_NOT_RUN,
    }
}

/// Replaces this process by a command, so that signals, terminal and exit code are those of the command. Returns the exit
/// code where a system cannot do so.
#[cfg(unix)]
pub(super) fn replace_by(command: &mut Command) -> io::Result<u8> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
pub(super) fn replace_by(command: &mut Command) -> io::Result<u8> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(1))
}
