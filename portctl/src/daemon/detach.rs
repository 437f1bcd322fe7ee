//! Runs the daemon in a session of its own, so that it outlives the terminal.
//!
//! Only the process itself can create its session. So portctl runs itself with an internal argument; that process
//! calls setsid and then execs the daemon.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::environment;
use crate::output;
use crate::report::Report;

/// The internal argument.
pub(crate) const WORD: &str = "__daemon";

/// The variable that sets the parameters of glibc's allocator.
const GLIBC_VARIABLE: &str = "GLIBC_TUNABLES";

/// Makes glibc return memory to the system after a burst of large requests. By default it keeps most of it, in a heap for
/// each thread. Other allocators, such as musl's in the released programs, return it anyway.
const GLIBC_TUNABLES: &str = "glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=65536:glibc.malloc.trim_threshold=65536:\
                              glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0";

/// Returns a command that runs a program in a session of its own, in the root folder, without standard input and
/// output. The caller sets standard error.
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
    if !environment::is_set(GLIBC_VARIABLE) {
        command.env(GLIBC_VARIABLE, GLIBC_TUNABLES);
    }
    Ok(command)
}

/// Execs the program and arguments in these words, in a session of its own. Returns only if that fails.
pub(crate) fn exec(mut words: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(program) = words.next() else {
        return output::fail(&Report::new("the program to run is missing"), false);
    };
    let mut command = Command::new(&program);
    command.args(words);
    let error = exec_in_session(&mut command);
    let report = Report::new(format!(
        "cannot run {}: {error}",
        Path::new(&program).display()
    ));
    output::fail(&report, false)
}

#[cfg(unix)]
fn exec_in_session(command: &mut Command) -> io::Error {
    use std::os::unix::process::CommandExt;

    /// The first descriptor after standard error.
    const FIRST_OTHER: i32 = 3;
    match rustix::process::setsid() {
        Ok(_) => {
            // Close descriptors inherited from the caller: the daemon must not hold the caller's locks.
            close_fds::set_fds_cloexec(FIRST_OTHER, &[]);
            command.exec()
        }
        Err(error) => error.into(),
    }
}

#[cfg(not(unix))]
fn exec_in_session(_: &mut Command) -> io::Error {
    io::ErrorKind::Unsupported.into()
}
