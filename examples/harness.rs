//! A test harness whose servers each have a port of their own while the test runs. No other test, test run
//! or dev server on the machine gets the same one.
//!
//! `cargo run --example harness`, or `cargo test --example harness` for the test in it.

use std::error::Error;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};

use port_registry::{Claim, Lease, Registry, ServiceKey};

/// A server under test. Dropping it ends the server, then releases its port, because fields are dropped in
/// their order.
struct TestServer {
    listener: TcpListener,
    lease: Lease,
}

impl TestServer {
    fn start(registry: &Registry, service: &str) -> Result<TestServer, Box<dyn Error>> {
        // The process id separates test runs that overlap.
        let instance = format!("test-{}", std::process::id());
        let key = ServiceKey::new("harness-example", instance, service)?;
        let lease = registry.lease(Claim::new(key))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, lease.port().get()))?;
        Ok(TestServer { listener, lease })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let registry = Registry::open()?;
    let web = TestServer::start(&registry, "web")?;
    let api = TestServer::start(&registry, "api")?;
    let mut stdout = io::stdout();
    for server in [&web, &api] {
        let address = server.listener.local_addr()?;
        writeln!(stdout, "a server under test listens on {address}")?;
    }
    for mut server in [web, api] {
        drop(server.listener);
        // Dropping the lease would release it too, but would not report an error.
        server.lease.release()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::TestServer;
    use port_registry::{Filter, Registry};

    #[test]
    fn servers_have_ports_of_their_own_until_they_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ports.redb");
        let registry = Registry::builder().with_path(path).open().unwrap();
        let web = TestServer::start(&registry, "web").unwrap();
        let api = TestServer::start(&registry, "api").unwrap();
        assert_ne!(web.lease.port(), api.lease.port());
        drop((web, api));
        assert_eq!(registry.list(&Filter::new()).unwrap(), []);
    }
}
