//! The life of the daemon: startup, serving, and shutdown.

mod config;
mod entrance;
mod error;
mod http;
mod listen;
mod log_file;
mod open_files;
mod run;
pub(crate) mod serve;
mod signals;
#[cfg(unix)]
mod unix_socket;

pub use self::config::Config;
pub use self::error::DaemonError;
pub use self::run::run;
