//! Probes: asking the operating system if a port is in use.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::socket_error::is_unsupported_family;
use crate::system::{connect, tcp_table};
use crate::types::port::Port;

/// The operating system's verdict on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The port is not in use.
    Free,
    /// The port is in use.
    Busy,
    /// Nothing listens on the port, but this user may not bind it.
    Denied,
}

/// Tests if a port is in use. A registry uses the [`SystemProbe`] unless its
/// [builder](crate::Builder::with_probe) is given another one.
///
/// Every closure `Fn(Port) -> io::Result<Verdict>` is a probe, which is handy in tests. It must not panic.
///
/// ```
/// use port_registry::{Port, Registry, Verdict};
///
/// let builder = Registry::builder().with_probe(|port: Port| {
///     Ok(if port.get() < 4000 { Verdict::Busy } else { Verdict::Free })
/// });
/// ```
pub trait Probe: Send + Sync {
    /// Probes a port.
    ///
    /// # Errors
    ///
    /// Returns an error if the system gives no answer, for example because this process has too many files open. The error
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) means that this process may bind neither this port nor one that the
    /// system chooses.
    fn probe(&self, port: Port) -> io::Result<Verdict>;
}

impl<F: Fn(Port) -> io::Result<Verdict> + Send + Sync> Probe for F {
    fn probe(&self, port: Port) -> io::Result<Verdict> {
        self(port)
    }
}

impl fmt::Debug for dyn Probe + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

/// Probes a port by binding it. The port is busy if the bind fails with "address in use".
///
/// The probe never listens, so no client can connect to it. On Linux, a bind to the dual-stack wildcard `[::]`
/// conflicts with every listener, on any address of both families. With `SO_REUSEADDR`, two probes of one port do
/// not conflict, because Linux then refuses a bind only if a socket listens (socket(7)). On other systems, such as
/// macOS, a wildcard bind proves less, so the IPv4 wildcard and both loopback addresses are bound too.
///
/// If the bind succeeds, the port is still busy if a connection to 127.0.0.1 succeeds within 50 ms, because the kernel then
/// forwards it, as for a container's port. If this user may not bind the port, it is busy if
/// something listens on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemProbe;

const WILDCARD_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
const WILDCARD_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const LOOPBACK_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The system chooses a port for a bind to this one.
const ANY_PORT: u16 = 0;

/// `true` if a bind to the dual-stack wildcard conflicts with every more specific listener.
const WILDCARD_PROVES_ALL: bool = cfg!(target_os = "linux");

/// The number of attempts until a port counts as busy. Except on Linux, two simultaneous probes of one port conflict,
/// and the bind of a probe ends within microseconds.
const ATTEMPTS: u32 = if WILDCARD_PROVES_ALL { 1 } else { 3 };

impl Probe for SystemProbe {
    fn probe(&self, port: Port) -> io::Result<Verdict> {
        match probe_by_binding(port)? {
            Verdict::Free => Ok(match connect::is_forwarded(port) {
                Ok(true) => Verdict::Busy,
                Ok(false) => Verdict::Free,
                // A sandbox may forbid connections. No socket has the port.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Verdict::Free,
                Err(error) => return Err(error),
            }),
            Verdict::Busy => Ok(Verdict::Busy),
            Verdict::Denied if listens(port)? => Ok(Verdict::Busy),
            Verdict::Denied => {
                refuse_sandbox()?;
                Ok(Verdict::Denied)
            }
        }
    }
}

/// Tests if something listens on a port that may not be bound.
fn listens(port: Port) -> io::Result<bool> {
    let table = tcp_table::listens(port);
    if table == Some(true) {
        return Ok(true);
    }
    match connect::succeeds(port) {
        // A sandbox may forbid connections.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => match table {
            Some(listens) => Ok(listens),
            // The kind would mean that no port can be bound.
            None => Err(io::Error::other(error)),
        },
        outcome => outcome,
    }
}

/// Fails if this process may not even bind a port that the system chooses, as in some sandboxes.
fn refuse_sandbox() -> io::Result<()> {
    for ip in [WILDCARD_V6, WILDCARD_V4] {
        match bind(ip, ANY_PORT)? {
            BindOutcome::NoSuchFamily => {}
            BindOutcome::Denied => return Err(io::ErrorKind::PermissionDenied.into()),
            BindOutcome::Bound | BindOutcome::InUse => return Ok(()),
        }
    }
    Ok(())
}

fn probe_by_binding(port: Port) -> io::Result<Verdict> {
    let mut attempts = 1;
    loop {
        let verdict = probe_once(port)?;
        if verdict != Verdict::Busy || attempts >= ATTEMPTS {
            return Ok(verdict);
        }
        attempts += 1;
        thread::sleep(Duration::from_millis(1));
    }
}

fn probe_once(port: Port) -> io::Result<Verdict> {
    let dual_stack = bind(WILDCARD_V6, port.get())?;
    let mut worst = dual_stack;
    if !WILDCARD_PROVES_ALL || dual_stack == BindOutcome::NoSuchFamily {
        for address in [WILDCARD_V4, LOOPBACK_V4, LOOPBACK_V6] {
            worst = worst.max(bind(address, port.get())?);
        }
    }
    match worst {
        BindOutcome::Bound => Ok(Verdict::Free),
        BindOutcome::InUse => Ok(Verdict::Busy),
        BindOutcome::Denied => Ok(Verdict::Denied),
        BindOutcome::NoSuchFamily => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this process can open neither IPv4 nor IPv6 sockets",
        )),
    }
}

/// The outcome of a bind, in the order in which several of them decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BindOutcome {
    /// The machine has no such addresses, for example because IPv6 is turned off.
    NoSuchFamily,
    Bound,
    Denied,
    InUse,
}

fn bind(ip: IpAddr, port: u16) -> io::Result<BindOutcome> {
    match try_bind(SocketAddr::new(ip, port)) {
        Ok(()) => Ok(BindOutcome::Bound),
        Err(error) => match error.kind() {
            io::ErrorKind::AddrInUse => Ok(BindOutcome::InUse),
            io::ErrorKind::PermissionDenied => Ok(BindOutcome::Denied),
            io::ErrorKind::AddrNotAvailable => Ok(BindOutcome::NoSuchFamily),
            _ if is_unsupported_family(&error) => Ok(BindOutcome::NoSuchFamily),
            _ => Err(error),
        },
    }
}

fn try_bind(address: SocketAddr) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        // The default depends on /proc/sys/net/ipv6/bindv6only.
        socket.set_only_v6(false)?;
    }
    // On Windows the option would allow taking the port from its owner.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use socket2::{Domain, Socket, Type};

    use super::{Probe, SystemProbe, Verdict};
    use crate::types::port::Port;

    #[derive(Clone, Copy)]
    enum Families {
        Both,
        OnlyV6,
    }

    /// Makes a socket that listens on a port that the system chooses.
    fn listen(address: &str, families: Families) -> (Socket, Port) {
        let address: SocketAddr = address.parse().unwrap();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        if address.is_ipv6() {
            socket
                .set_only_v6(matches!(families, Families::OnlyV6))
                .unwrap();
        }
        socket.set_reuse_address(true).unwrap();
        socket.bind(&address.into()).unwrap();
        socket.listen(1).unwrap();
        let port = socket.local_addr().unwrap().as_socket().unwrap().port();
        (socket, Port::new(port).unwrap())
    }

    #[test]
    fn listeners_on_every_kind_of_address_are_detected() {
        for (address, families) in [
            ("127.0.0.1:0", Families::Both),
            #[cfg(target_os = "linux")]
            ("127.0.0.2:0", Families::Both),
            ("0.0.0.0:0", Families::Both),
            ("[::1]:0", Families::Both),
            ("[::]:0", Families::Both),
            ("[::]:0", Families::OnlyV6),
        ] {
            if address.starts_with('[') && std::net::TcpListener::bind("[::1]:0").is_err() {
                // A machine without IPv6 has no such listeners.
                continue;
            }
            let (socket, port) = listen(address, families);
            assert_eq!(SystemProbe.probe(port).unwrap(), Verdict::Busy, "{address}");
            drop(socket);
            assert_eq!(SystemProbe.probe(port).unwrap(), Verdict::Free, "{address}");
        }
    }

    // On other systems they may conflict until the next attempt.
    #[cfg(target_os = "linux")]
    #[test]
    fn simultaneous_probes_of_one_port_do_not_conflict() {
        let (socket, port) = listen("127.0.0.1:0", Families::Both);
        drop(socket);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        assert_eq!(SystemProbe.probe(port).unwrap(), Verdict::Free);
                    }
                });
            }
        });
    }
}
