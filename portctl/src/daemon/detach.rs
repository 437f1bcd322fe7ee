//! Running the daemon in a session of its own, so that it outlives the terminal.
//!
//! A new session is begun by the process that is to be in it. So portctl starts itself with a word
//! that nobody types, begins the session, and becomes the daemon.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::output;
use crate::report::Report;

/// The word.
pub(crate) const WORD: &str = "__daemon";

/// A command that runs a program in a session of its own, in the root folder, with nothing open but
/// what standard error is to be.
pub(super) fn command(program: &Path) -> io::Result<Command> {
    let mut command = if cfg!(unix) {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(WORD).arg(program);
        command
    } else {
        Command::new(program)
    };
    command
        .current_dir(std::path::Component::RootDir.as_os_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Ok(command)
}

/// Becomes the program that the words name, in a session of its own. Comes back only if that fails.
pub(crate) fn exec(mut words: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(program) = words.next() else {
        return output::fail(&Report::new("a program is missing"), false);
    };
    let mut command = Command::new(&program);
    command.args(words);
    let error = become_session(&mut command);
    let report = Report::new(format!(
        "cannot run {}: {error}",
        Path::new(&program).display()
    ));
    output::fail(&report, false)
}

#[cfg(unix)]
fn become_session(command: &mut Command) -> io::Error {
    use std::os::unix::process::CommandExt;

    /// The first descriptor behind standard error.
    const FIRST_OTHER: i32 = 3;
    match rustix::process::setsid() {
        Ok(_) => {
            // What whoever started portctl left open, such as a lock, is not to be held from now on.
            close_fds::set_fds_cloexec(FIRST_OTHER, &[]);
            command.exec()
        }
        Err(error) => error.into(),
    }
}

#[cfg(not(unix))]
fn become_session(_: &mut Command) -> io::Error {
    io::ErrorKind::Unsupported.into()
}
