//! The address of a daemon: a host and a port, or a Unix socket.

mod error;
mod server_user;
mod socket_path;
mod tcp;

use std::ffi::OsStr;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

pub(crate) use self::error::AddressError;
pub(crate) use self::server_user::ServerUser;
pub(crate) use self::socket_path::SocketPath;
pub(crate) use self::tcp::TcpAddress;

/// An address by which clients reach a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(TcpAddress),
    Unix(SocketPath),
}

impl Address {
    pub(crate) fn of(address: SocketAddr) -> Address {
        Address::Tcp(TcpAddress::of(address))
    }

    /// Reads an address, such as `127.0.0.1:51234`, `alice@127.0.0.1:51234` or `unix:/home/me/registry.sock`.
    pub(crate) fn parse(text: &OsStr) -> Result<Address, AddressError> {
        match SocketPath::strip_prefix(text) {
            Some(path) => Ok(Address::Unix(SocketPath::new(Path::new(&path))?)),
            None => Ok(Address::Tcp(text.to_string_lossy().parse()?)),
        }
    }

    /// Returns the address at which a daemon of this machine certainly listens, for one that may lead to another server, too.
    pub(crate) fn at_daemon(self) -> Address {
        match self {
            Address::Tcp(address) => Address::Tcp(address.at_daemon()),
            Address::Unix(_) => self,
        }
    }

    pub(crate) fn tcp(&self) -> Option<&TcpAddress> {
        match self {
            Address::Tcp(address) => Some(address),
            Address::Unix(_) => None,
        }
    }

    /// The URL of the daemon, or the address of its socket, which has no URL.
    pub(crate) fn url(&self) -> String {
        match self {
            Address::Tcp(address) => format!("http://{address}"),
            Address::Unix(_) => self.to_string(),
        }
    }
}

impl Default for Address {
    /// The address of a daemon by default.
    fn default() -> Address {
        Address::Tcp(TcpAddress::default())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => path.fmt(f),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::{Address, AddressError};

    #[test]
    fn absolute_path_after_unix_is_the_address_of_a_socket() {
        let path = "/home/me/.port-registry/port-registry.sock";
        let text = format!("unix:{path}");
        let address = Address::parse(OsStr::new(&text)).unwrap();
        assert_eq!(address.to_string(), text);
        assert_eq!(address.url(), text);
        assert!(matches!(&address, Address::Unix(it) if it.path() == Path::new(path)));
        let not_utf8 = OsStr::from_bytes(b"unix:/\xff.sock");
        let Address::Unix(address) = Address::parse(not_utf8).unwrap() else {
            panic!("not a socket");
        };
        assert_eq!(address.path().as_os_str().as_bytes(), b"/\xff.sock");
    }

    #[test]
    fn other_paths_of_sockets_are_rejected() {
        let parse = |text: &str| Address::parse(OsStr::new(text)).unwrap_err();
        assert_eq!(parse("unix:"), AddressError::EmptyPath);
        for relative in ["unix:x.sock", "unix:~/x.sock", "unix:./x.sock", "unix: /x"] {
            assert_eq!(parse(relative), AddressError::RelativePath, "{relative}");
        }
        assert_eq!(parse("unix://x.sock"), AddressError::UrlOfSocket);
        assert_eq!(parse("unix:///x.sock"), AddressError::UrlOfSocket);
        assert_eq!(parse("UNIX:/x.sock"), AddressError::Port);
        let long = format!("unix:/{}", "x".repeat(200));
        assert!(matches!(
            parse(&long),
            AddressError::TooLongPath { length: 201, .. }
        ));
    }

    #[test]
    fn tcp_address_has_a_url() {
        let address = Address::parse(OsStr::new("LOCALHOST:1")).unwrap();
        assert_eq!(address.url(), "http://localhost:1");
        assert_eq!(Address::default().to_string(), "127.0.0.1:51234");
    }
}
