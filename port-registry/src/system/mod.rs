//! The operating system: ports, listeners, and files for this user alone.

pub(crate) mod files;
pub(crate) mod home;
pub(crate) mod listener;
pub(crate) mod probe;
