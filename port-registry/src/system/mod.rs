//! The operating system: ports, listeners, and files that only this user may access.

pub(crate) mod connect;
pub(crate) mod files;
pub(crate) mod home;
#[cfg(all(unix, feature = "daemon"))]
pub(crate) mod links;
pub(crate) mod probe;
pub(crate) mod shell;
#[cfg(all(any(feature = "daemon", feature = "listeners"), target_os = "linux"))]
pub(crate) mod sock_diag;
mod socket_error;
pub(crate) mod tcp_socket;
pub(crate) mod tcp_table;
#[cfg(any(
    feature = "detect",
    feature = "listeners",
    all(unix, feature = "daemon")
))]
pub(crate) mod trust;
pub(crate) mod user;
