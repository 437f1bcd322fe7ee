//! Errors of sockets for which the standard library has no name.

use std::io;

/// Tests if the error is EAFNOSUPPORT: the machine has no addresses of the family.
pub(super) fn is_unsupported_family(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = if cfg!(windows) {
        10047
    } else if cfg!(target_os = "linux") {
        97
    } else {
        // The BSDs and macOS.
        47
    };
    error.raw_os_error() == Some(EAFNOSUPPORT)
}
