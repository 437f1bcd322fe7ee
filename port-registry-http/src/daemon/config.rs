//! The configuration of a daemon.

use std::path::PathBuf;

use port_registry::Builder;
use port_registry::daemon::AllowedUsers;

use crate::host_names::HostNames;

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
    /// The users to serve, besides the daemon's own and root. Other systems than Linux do not tell the user of a TCP connection,
    /// so that every user of the machine is served there.
    pub users: AllowedUsers,
    /// The host names under which to answer.
    pub hosts: HostNames,
}
