//! The ways to the registry: through a daemon, or in process. Commands see no difference.

mod client;
mod fallback;
mod in_process;
mod remote;

use std::fs;
use std::path::Path;

use port_registry::daemon::{DaemonInfo, Presence, default_pidfile};
use port_registry::{Allocation, AllocationId, Builder, Claim, Error, Filter, Port, PortStatus};
use thiserror::Error as ThisError;

pub(crate) use self::client::{Client, ClientError};
use self::fallback::WithFallback;
use self::in_process::InProcess;
use self::remote::Remote;
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

    /// Frees the ports of these allocations, or of none if one of them is not there.
    fn release_all(&self, ids: &[AllocationId]) -> Result<(), Fault>;

    /// Frees the ports of all allocations that match.
    fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// The allocations that match, by id.
    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// Whether a port is available, and who has it if not.
    fn check(&self, port: Port) -> Result<PortStatus, Fault>;
}

/// Why the registry did not do what it was asked to.
#[derive(Debug, ThisError)]
pub(crate) enum Fault {
    /// The registry says so.
    #[error("{0}")]
    Registry(#[from] Error),
    /// The daemon says so, of what only it can know.
    #[error("{0}")]
    Daemon(String),
    /// The daemon says that others keep its store to themselves.
    #[error("{0}")]
    Busy(String),
    /// The daemon says that it did nothing, for a reason of its own.
    #[error("{0}")]
    Undone(String),
    /// The daemon says that it did nothing, since it was asked for too much at once.
    #[error("{0}")]
    TooMuch(String),
    /// The daemon cannot be asked.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The daemon was asked, and what became of it is not known.
    #[error("{0}; it is not known whether the request took effect")]
    Lost(ClientError),
}

impl Fault {
    /// The same; if the service belongs to another checkout than the one that claims it, then that.
    pub(crate) fn of_other_checkout(self, claim: &Claim) -> Fault {
        match (self, claim.checkout()) {
            (Fault::Registry(Error::ServiceTaken { holder }), Some(wanted))
                if holder.belongs_to_other_checkout(Path::new(wanted)) =>
            {
                let wanted = wanted.to_owned();
                Fault::Registry(Error::OtherCheckout { holder, wanted })
            }
            (fault, _) => fault,
        }
    }
}

/// The way to the registry. A daemon that was named is the only one. Otherwise it is this user's
/// daemon at the usual address, if it would answer as this process would, or else this process.
pub(crate) fn open(named: Option<Address>, usual: Address) -> Result<Box<dyn Door>, Fault> {
    if let Some(address) = named {
        let client = Client::new(address);
        client.identify()?;
        return Ok(Box::new(Remote::new(client)));
    }
    let registry = Builder::from_env()?;
    let client = Client::new(usual);
    let pidfile = default_pidfile().ok();
    match pidfile.and_then(|pidfile| of_use(&client, &pidfile, &registry)) {
        Some(daemon) => Ok(Box::new(WithFallback {
            daemon: Remote::new(client),
            open: move || {
                let registry = Builder::from_env()?;
                // In the midst of a command the ports to choose from stay the daemon's.
                Ok(InProcess::open(match daemon.range.parse() {
                    Ok(range) => registry.range(range),
                    Err(_) => registry,
                })?)
            },
        })),
        None => Ok(Box::new(InProcess::open(registry)?)),
    }
}

/// This user's daemon, if it would answer as this process would.
fn of_use(client: &Client, pidfile: &Path, registry: &Builder) -> Option<DaemonInfo> {
    own_daemon(client, pidfile)
        .filter(|daemon| serves_store(daemon, registry) && serves_range(daemon, registry))
}

/// This user's daemon, if it listens at the client's address. That it is this user's is told by its
/// lock, which nobody else can hold; without that, nothing is asked of what may be there.
pub(crate) fn own_daemon(client: &Client, pidfile: &Path) -> Option<DaemonInfo> {
    let Ok(Presence::Running { pid, address }) = Presence::of(pidfile) else {
        return None;
    };
    if !client.address().is_of(address) {
        return None;
    }
    let daemon = client.identify_quickly().ok()?;
    (daemon.pid == pid).then_some(daemon)
}

/// Whether the daemon's store is the file that this process would open.
pub(crate) fn serves_store(daemon: &DaemonInfo, registry: &Builder) -> bool {
    registry
        .store()
        .is_ok_and(|store| is_same_file(&store, &daemon.store))
}

/// Whether the daemon chooses from the ports that the environment says, if it says so.
pub(crate) fn serves_range(daemon: &DaemonInfo, registry: &Builder) -> bool {
    let range = registry.chosen_range();
    range.is_none_or(|range| range.to_string() == daemon.range)
}

/// Whether a file is the one that a daemon tells of, which puts what is not UTF-8 in other terms.
fn is_same_file(file: &Path, told: &str) -> bool {
    let is_told = |file: &Path| file.to_string_lossy() == told;
    is_told(file)
        || fs::canonicalize(file).is_ok_and(|file| {
            is_told(&file) || fs::canonicalize(told).is_ok_and(|told| told == file)
        })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::path::Path;
    use std::thread;

    use port_registry::Registry;
    use tempfile::TempDir;

    use super::{Client, of_use};
    use crate::address::Address;

    /// Something that says that it is a daemon, with a lock that says so, or something else.
    struct Impostor {
        folder: TempDir,
        client: Client,
        address: SocketAddr,
        lock: Option<File>,
    }

    impl Impostor {
        /// What answers like this.
        fn new(identity: &'static str, store: impl Fn(&Path) -> String) -> Impostor {
            let folder = tempfile::tempdir().unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let store = store(folder.path());
            let body =
                serde_json::json!({"version": "1", "pid": 1, "store": store, "range": "4000-4999"});
            let body = body.to_string();
            let length = body.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\n{identity}Content-Length: {length}\r\n\r\n{body}");
            // It ends with the process.
            thread::spawn(move || {
                for mut stream in listener.incoming().flatten() {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(answer.as_bytes());
                }
            });
            fs::write(folder.path().join("ports.redb"), "").unwrap();
            Impostor {
                folder,
                client: Client::new(Address::of(address)),
                address,
                lock: None,
            }
        }

        /// Holds the lock, in which it says this.
        fn locked(self, line: impl Fn(SocketAddr) -> String) -> Impostor {
            let lock = File::create(self.folder.path().join("x.pid.lock")).unwrap();
            lock.lock().unwrap();
            writeln!(&lock, "{}", line(self.address)).unwrap();
            Impostor {
                lock: Some(lock),
                ..self
            }
        }

        fn is_of_use(&self, range: Option<&str>) -> bool {
            let mut registry = Registry::builder().path(self.folder.path().join("ports.redb"));
            if let Some(range) = range {
                registry = registry.range(range.parse().unwrap());
            }
            of_use(&self.client, &self.folder.path().join("x.pid"), &registry).is_some()
        }
    }

    const DAEMON: &str = "X-Port-Registry: 1; pid=1\r\n";

    fn store(folder: &Path) -> String {
        folder.join("ports.redb").display().to_string()
    }

    fn line(address: SocketAddr) -> String {
        format!("1 {address}")
    }

    #[test]
    fn a_daemon_is_of_use_that_would_answer_as_this_process_would() {
        let daemon = Impostor::new(DAEMON, store).locked(line);
        assert!(daemon.is_of_use(None));
        assert!(daemon.is_of_use(Some("4000-4999")));
        assert!(!daemon.is_of_use(Some("4000-4998")));
        let other = |folder: &Path| folder.join("other.redb").display().to_string();
        assert!(!Impostor::new(DAEMON, other).locked(line).is_of_use(None));
        let roundabout = |folder: &Path| {
            let name = folder.file_name().unwrap().to_str().unwrap();
            format!("{}/../{name}/ports.redb", folder.display())
        };
        let daemon = Impostor::new(DAEMON, roundabout).locked(line);
        assert!(daemon.is_of_use(None));
    }

    #[test]
    fn what_is_not_this_users_daemon_is_not_used_whatever_it_says() {
        assert!(!Impostor::new(DAEMON, store).is_of_use(None));
        let mut left = Impostor::new(DAEMON, store).locked(line);
        left.lock = None;
        assert!(!left.is_of_use(None));
        let other_process = |address: SocketAddr| format!("2 {address}");
        let other_address = |_: SocketAddr| "1 127.0.0.1:1".to_owned();
        let nothing = |_: SocketAddr| String::new();
        for line in [other_process, other_address, nothing] {
            let impostor = Impostor::new(DAEMON, store).locked(line);
            assert!(!impostor.is_of_use(None));
        }
        for identity in [
            "",
            "X-Port-Registry: 1\r\n",
            "X-Port-Registry: 1; pid=2\r\n",
        ] {
            let impostor = Impostor::new(identity, store).locked(line);
            assert!(!impostor.is_of_use(None), "{identity}");
        }
    }
}
