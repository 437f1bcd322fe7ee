//! The operating system: ports, listeners, and files that only this user may access.

pub(crate) mod files;
pub(crate) mod home;
pub(crate) mod listener;
pub(crate) mod probe;
#[cfg(feature = "listeners")]
mod procfs;
pub(crate) mod shell;
pub(crate) mod user;
