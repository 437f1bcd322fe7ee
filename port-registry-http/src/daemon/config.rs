//! The configuration of a daemon.

use std::path::PathBuf;

use port_registry::Builder;

/// The configuration of a daemon.
#[derive(Debug)]
pub struct Config {
    /// The port to listen on. 0 stands for any free port.
    pub port: u16,
    /// The file in which the daemon notes its process id. Its lock, which only one daemon can hold, is
    /// beside it.
    pub pidfile: PathBuf,
    /// The registry to serve.
    pub registry: Builder,
    /// The file to log to. `None` stands for standard error. It is renamed to `<log>.old` when it has 5 MiB.
    pub log: Option<PathBuf>,
}
