//! The ways to the registry: through a daemon, or in process. Commands see no difference.

mod client;
mod in_process;
mod remote;
mod usual;

use std::fs;
use std::path::Path;

use port_registry::{
    Allocation, AllocationId, Builder, Claim, Error, Filter, Listener, Port, PortStatus,
};
use thiserror::Error as ThisError;

pub(crate) use self::client::{Client, ClientError, Daemon};
use self::in_process::InProcess;
use self::remote::Remote;
use self::usual::Usual;
use crate::address::Address;

/// What can be asked of the registry.
pub(crate) trait Door {
    /// Gives a port to a service that has none.
    fn allocate(&self, claim: &Claim) -> Result<Allocation, Fault>;

    /// Gives each service the port that it has, or else a new one; if one of them fails, no service
    /// gets any.
    fn get_or_allocate(&self, claims: &[Claim]) -> Result<Vec<Allocation>, Fault>;

    /// Frees the port of one allocation.
    fn release(&self, id: AllocationId) -> Result<Allocation, Fault>;

    /// Frees the ports of all allocations that match.
    fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// The allocations that match, by number.
    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// Whether a port is to be had, and who has it if not.
    fn check(&self, port: Port) -> Result<PortStatus, Fault>;
}

/// Why the registry did not do what it was asked to.
#[derive(Debug, ThisError)]
pub(crate) enum Fault {
    /// The registry says so.
    #[error("{error}")]
    Registry {
        error: Error,
        /// What has the port open that is fought for.
        listener: Option<Listener>,
    },
    /// The daemon says so, of what only it can know.
    #[error("{0}")]
    Daemon(String),
    /// The daemon says that others keep its store to themselves.
    #[error("{0}")]
    Busy(String),
    /// The daemon says that it does nothing any more.
    #[error("{0}")]
    Stopping(String),
    /// The daemon cannot be asked.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The daemon was asked, and what became of it is not known.
    #[error("{0}; whether it was done cannot be told")]
    Lost(ClientError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Registry {
            error,
            listener: None,
        }
    }
}

/// The way to the registry. A daemon that was named is the only one. Otherwise it is the daemon at
/// the usual address, if one is there that would answer as this process would, or else this process.
pub(crate) fn open(named: Option<Address>, usual: Address) -> Result<Box<dyn Door>, Fault> {
    if let Some(address) = named {
        let client = Client::new(address);
        client.identify()?;
        return Ok(Box::new(Remote::new(client)));
    }
    let registry = Builder::from_env()?;
    let client = Client::new(usual);
    Ok(if is_of_use(&client, &registry) {
        Box::new(Usual {
            daemon: Remote::new(client),
            open: || Ok(InProcess::open(Builder::from_env()?)?),
        })
    } else {
        Box::new(InProcess::open(registry)?)
    })
}

/// Whether a daemon is there that would answer as this process would. Whatever else is there is none
/// of our business.
fn is_of_use(client: &Client, registry: &Builder) -> bool {
    let answer = client.identify_quickly();
    answer.is_ok_and(|daemon| serves(&daemon, registry))
}

/// Whether a daemon does what this process would do: its store is the same file, and it chooses from
/// the same ports, if the environment says from which.
pub(crate) fn serves(daemon: &Daemon, registry: &Builder) -> bool {
    let is_in_range = registry
        .chosen_range()
        .is_none_or(|range| range.to_string() == daemon.range);
    // Where this process would find none, the daemon's will do.
    is_in_range
        && registry
            .store()
            .map_or(true, |store| is_same_file(&store, &daemon.store))
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::Path;
    use std::thread;

    use port_registry::Registry;

    use super::{Client, is_of_use};
    use crate::address::Address;

    /// A client of something that answers like this.
    fn client(identity: &'static str, store: &Path, range: &str) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::of(listener.local_addr().unwrap());
        let body = serde_json::json!({"version": "1", "pid": 1, "store": store, "range": range});
        let body = body.to_string();
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\n{identity}Content-Length: {length}\r\n\r\n{body}");
        // It ends with the process.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Client::new(address)
    }

    #[test]
    fn a_daemon_is_of_use_that_would_answer_as_this_process_would() {
        const DAEMON: &str = "X-Port-Registry: 1; pid=1\r\n";
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("ports.redb");
        let other = folder.path().join("other.redb");
        let same = folder.path().join("link");
        std::fs::write(&store, "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), &same).unwrap();
        let registry = || Registry::builder().path(&store);
        let is_of_use = |identity, store: &Path, range: Option<&str>| {
            let registry = match range {
                Some(range) => registry().range(range.parse().unwrap()),
                None => registry(),
            };
            is_of_use(&client(identity, store, "4000-4999"), &registry)
        };
        assert!(is_of_use(DAEMON, &store, None));
        assert!(is_of_use(DAEMON, &store, Some("4000-4999")));
        assert!(!is_of_use(DAEMON, &store, Some("4000-4998")));
        assert!(!is_of_use(DAEMON, &other, None));
        if cfg!(unix) {
            assert!(is_of_use(DAEMON, &same.join("ports.redb"), None));
        }
        // What does not say that it is one is none.
        assert!(!is_of_use("", &store, None));
        assert!(!is_of_use("X-Port-Registry: 1\r\n", &store, None));
    }
}
