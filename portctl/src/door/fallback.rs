//! The daemon at the usual address; if it goes away meanwhile, this process takes over.

use std::collections::HashSet;

use port_registry::{Allocation, AllocationId, Claim, Error, Filter, Port, PortStatus};

use super::client::ClientError;
use super::in_process::InProcess;
use super::remote::Remote;
use super::{Door, Fault};

/// The registry, asked through a daemon that nobody named, and so need not be there.
#[derive(Debug)]
pub(super) struct WithFallback<F> {
    pub(super) daemon: Remote,
    /// Opens the registry in process.
    pub(super) open: F,
}

impl<F: Fn() -> Result<InProcess, Fault>> WithFallback<F> {
    /// What the daemon says; if it is certain that it did nothing, what this process says.
    fn ask<T>(&self, ask: impl Fn(&dyn Door) -> Result<T, Fault>) -> Result<T, Fault> {
        match ask(&self.daemon) {
            Err(fault) if is_undone(&fault) => ask(&(self.open)()?),
            result => result,
        }
    }

    /// The same; if the daemon has gone away without an answer, what this process says, unless that
    /// leaves open whether the daemon did it.
    fn ask_or_look<T>(
        &self,
        ask: impl Fn(&dyn Door) -> Result<T, Fault>,
        leaves_open: impl Fn(&Error) -> bool,
    ) -> Result<T, Fault> {
        match self.ask(&ask) {
            Err(lost) if is_outcome_unknown(&lost) => match ask(&(self.open)()?) {
                Err(Fault::Registry(error)) if leaves_open(&error) => Err(lost),
                result => result,
            },
            result => result,
        }
    }

    /// The same, of what comes to the same if it is done twice.
    fn ask_again<T>(&self, ask: impl Fn(&dyn Door) -> Result<T, Fault>) -> Result<T, Fault> {
        self.ask_or_look(ask, |_| false)
    }
}

/// Whether the daemon certainly did not do something: it is gone, or says so.
fn is_undone(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Client(ClientError::NothingListens { .. }) | Fault::Undone(_) | Fault::TooMuch(_)
    )
}

/// Whether the daemon has gone away without saying whether it did something. By then it is done or
/// never will be, as a rule, so that this process can look.
fn is_outcome_unknown(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Lost(ClientError::Broken { .. }) | Fault::Client(ClientError::Broken { .. })
    )
}

impl<F: Fn() -> Result<InProcess, Fault>> Door for WithFallback<F> {
    fn allocate(&self, claim: &Claim) -> Result<Allocation, Fault> {
        // A service that has a port by now may have it from this claim or from another one.
        let leaves_open = |error: &Error| matches!(error, Error::ServiceTaken { .. });
        self.ask_or_look(|door| door.allocate(claim), leaves_open)
    }

    fn get_or_allocate(&self, claims: &[Claim]) -> Result<Vec<Allocation>, Fault> {
        self.ask_again(|door| door.get_or_allocate(claims))
    }

    fn release(&self, id: AllocationId) -> Result<Allocation, Fault> {
        // One that is gone by now may have been released by this or by somebody else.
        let leaves_open = |error: &Error| matches!(error, Error::NotFound { .. });
        self.ask_or_look(|door| door.release(id), leaves_open)
    }

    fn release_all(&self, ids: &[AllocationId]) -> Result<(), Fault> {
        match self.ask(|door| door.release_all(ids)) {
            Err(fault) if is_outcome_unknown(&fault) => {
                let registry = (self.open)()?;
                let ids: HashSet<AllocationId> = ids.iter().copied().collect();
                let left = registry.list(&Filter::default())?;
                let left = left.iter().map(|allocation| allocation.id);
                let left: Vec<AllocationId> = left.filter(|id| ids.contains(id)).collect();
                registry.release_all(&left)
            }
            result => result,
        }
    }

    fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        match self.ask(|door| door.release_matching(filter)) {
            Err(fault) if is_outcome_unknown(&fault) => {
                let released = (self.open)()?.release_matching(filter)?;
                // Then they may have been released before, and nobody knows which.
                if released.is_empty() {
                    Err(fault)
                } else {
                    Ok(released)
                }
            }
            result => result,
        }
    }

    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault> {
        self.ask_again(|door| door.list(filter))
    }

    fn check(&self, port: Port) -> Result<PortStatus, Fault> {
        self.ask_again(|door| door.check(port))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};
    use std::thread;
    use std::time::Duration;

    use port_registry::{Claim, Filter, Registry, ServiceKey};
    use tempfile::TempDir;

    use super::super::client::Client;
    use super::{Door, Fault, InProcess, Remote, WithFallback};
    use crate::address::Address;

    /// A door to something that gives this answer, and to a registry in this folder.
    fn door(address: SocketAddr, folder: &TempDir) -> impl Door {
        let path = folder.path().join("ports.redb");
        WithFallback {
            daemon: Remote::new(Client::new(Address::of(address))),
            open: move || Ok(InProcess::open(Registry::builder().path(&path))?),
        }
    }

    fn server(answer: String) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        // It ends with the process.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                // All of the request, so that the end of the connection is no reset.
                let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
                while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        address
    }

    fn answer(status: u16, body: &str) -> String {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\nX-Port-Registry: 1; pid=1\r\n");
        format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    fn claim(service: &str) -> Claim {
        Claim::new(ServiceKey::new("shop", "main", service).unwrap())
    }

    #[test]
    fn what_a_daemon_that_stops_leaves_undone_is_done_in_process() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let gone = listener.local_addr().unwrap();
        drop(listener);
        let stopping = server(answer(503, r#"{"error":"the daemon is stopping"}"#));
        let small = server(answer(413, r#"{"error":"the body is larger"}"#));
        let folder = tempfile::tempdir().unwrap();
        for (service, address) in [("web", gone), ("api", stopping), ("db", small)] {
            let door = door(address, &folder);
            let allocation = door.allocate(&claim(service)).unwrap();
            let again = door.get_or_allocate(&[claim(service)]).unwrap();
            assert_eq!(again, std::slice::from_ref(&allocation));
            assert_eq!(door.list(&Filter::default()).unwrap(), again);
            assert_eq!(door.release(allocation.id).unwrap(), allocation);
        }
    }

    #[test]
    fn what_may_be_done_already_is_not_done_again_unless_it_comes_to_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let door = door(server(String::new()), &folder);
        let web = door.allocate(&claim("web")).unwrap();
        let fault = door.allocate(&claim("web")).unwrap_err();
        assert!(matches!(fault, Fault::Lost(_)), "{fault:?}");
        let listed = door.list(&Filter::default()).unwrap();
        assert_eq!(listed, std::slice::from_ref(&web));
        let again = door.get_or_allocate(&[claim("web")]).unwrap();
        assert_eq!(again, listed);

        assert_eq!(door.release(web.id).unwrap(), web);
        let fault = door.release(web.id).unwrap_err();
        assert!(matches!(fault, Fault::Lost(_)), "{fault:?}");
        let ids: Vec<_> = ["web", "api", "db"]
            .map(|service| door.allocate(&claim(service)).unwrap().id)
            .into();
        door.release(ids[0]).unwrap();
        door.release_all(&ids).unwrap();
        door.release_all(&ids).unwrap();
        assert!(door.list(&Filter::default()).unwrap().is_empty());
        let web = door.allocate(&claim("web")).unwrap();
        let shop = Filter::default().app("shop");
        assert_eq!(door.release_matching(&shop).unwrap(), [web]);
        let fault = door.release_matching(&shop).unwrap_err();
        assert!(matches!(fault, Fault::Lost(_)), "{fault:?}");
    }

    #[test]
    fn what_a_daemon_says_counts() {
        let folder = tempfile::tempdir().unwrap();
        let busy = server(answer(503, r#"{"error":"registry is busy"}"#));
        let fault = door(busy, &folder)
            .get_or_allocate(&[claim("web")])
            .unwrap_err();
        assert!(matches!(fault, Fault::Busy(_)), "{fault:?}");
    }
}
