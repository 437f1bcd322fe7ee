//! The configuration of a daemon.

use std::path::PathBuf;

use port_registry::Builder;
use port_registry::daemon::AllowedUsers;

use crate::host_names::HostNames;

/// The configuration of a daemon, for [`run`](crate::run).
///
/// ```
/// use port_registry::Registry;
/// use port_registry_http::{AllowedUsers, Config, HostNames};
///
/// let config = Config {
///     port: 0, // any free port
///     pidfile: "/run/user/1000/ports.pid".into(),
///     registry: Registry::builder().with_range("4000-4999".parse()?),
///     log: Some("/home/me/ports.log".into()),
///     users: AllowedUsers::all(),
///     hosts: HostNames::default(),
/// };
/// # Ok::<(), port_registry::PortRangeError>(())
/// ```
#[derive(Debug)]
pub struct Config {
    /// The port to listen on, on 127.0.0.1 and `[::1]`. 0 stands for any free port.
    pub port: u16,
    /// The file in which the daemon notes its process id. The daemon's lock, which only one daemon can hold, and
    /// its Unix socket are beside it.
    pub pidfile: PathBuf,
    /// The registry to serve.
    pub registry: Builder,
    /// The file to log to. `None` stands for standard error. The file is renamed to `<log>.old` when it has
    /// 5 MiB. On Unix it is the standard error of the whole process while the daemon runs.
    pub log: Option<PathBuf>,
    /// The users to serve, besides the daemon's own and root. Only Linux tells the user of a TCP connection.
    /// Elsewhere, every user of the machine is served on the port.
    pub users: AllowedUsers,
    /// The host names under which the daemon answers.
    pub hosts: HostNames,
}
