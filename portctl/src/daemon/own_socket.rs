//! The Unix socket of this user's daemon, which leads to it from every network.

use std::path::Path;

use port_registry::daemon::{DaemonInfo, default_pidfile, socket_of};

use crate::address::{Address, SocketPath};
use crate::backend::Client;

/// Returns the address of the socket that the daemon of a pidfile makes. Returns `None` if the path is too long for the
/// system, because the daemon makes none then.
pub(super) fn address_of(pidfile: &Path) -> Option<Address> {
    let path = SocketPath::new(&socket_of(pidfile)).ok()?;
    Some(Address::Unix(path))
}

/// Asks for the daemon behind the socket of a pidfile. The lock must be held by the process `pid`.
///
/// Only this user can make files beside the lock, so the server is this user's. It is the daemon if it names the process
/// that the lock names.
pub(super) fn identify(pidfile: &Path, pid: u32) -> Option<(Client, DaemonInfo)> {
    let client = Client::new(address_of(pidfile)?);
    let daemon = client.identify_quickly().ok()?;
    (daemon.pid == pid).then_some((client, daemon))
}

/// Returns the address of the socket of this user's daemon, if that serves the registry in a file.
pub(crate) fn serving(store: &Path) -> Option<Address> {
    let client = Client::new(address_of(&default_pidfile().ok()?)?);
    let daemon = client.identify_quickly().ok()?;
    is_same_file(&daemon.store_path(), store).then(|| client.address().clone())
}

/// Returns true if two paths lead to one file, for example because one of them is mounted into a container.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;

        let id = |path: &Path| path.metadata().ok().map(|it| (it.dev(), it.ino()));
        one == other || id(one).is_some_and(|it| id(other) == Some(it))
    }
    #[cfg(not(unix))]
    {
        one == other
    }
}
