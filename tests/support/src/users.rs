//! Other users than the one of the tests.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::fchown;

/// User id of a user that owns no files.
pub const NOBODY: u32 = 65534;

/// User id of a user without a name, as whom no test runs.
pub const STRANGER: u32 = 54321;

/// Gives a socket to another user, as the kernel sees it. Returns false if only root can, and the test is skipped.
#[track_caller]
pub fn give_away(socket: impl AsFd, user: u32) -> bool {
    match fchown(socket, Some(user), None) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            say_skipped();
            false
        }
        given => {
            given.unwrap();
            true
        }
    }
}

pub(crate) fn say_skipped() {
    let _ = writeln!(io::stderr(), "skipped: only root can act for another user");
}
