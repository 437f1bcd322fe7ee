//! A host and a port.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use port_registry::Port;
use port_registry::daemon::{DAEMON_PORT, passwd};

use super::error::AddressError;
use super::server_user::ServerUser;

/// A host and a port, and the user whose daemon listens there, if it is another one's. Displayed without the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TcpAddress {
    user: Option<ServerUser>,
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    host: String,
    port: u16,
}

impl TcpAddress {
    pub(crate) fn of(address: SocketAddr) -> TcpAddress {
        let host = match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        TcpAddress {
            user: None,
            host,
            port: address.port(),
        }
    }

    pub(crate) fn user(&self) -> Option<ServerUser> {
        self.user
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Replaces `localhost` and `[::1]`: a daemon listens on `[::1]` only where IPv6 is on.
    pub(super) fn at_daemon(self) -> TcpAddress {
        if self.is_local() {
            TcpAddress {
                host: Ipv4Addr::LOCALHOST.to_string(),
                ..self
            }
        } else {
            self
        }
    }

    /// Returns true if this is an address at which portctl starts daemons, whose host every daemon accepts.
    pub(crate) fn is_local(&self) -> bool {
        self.host == "localhost"
            || self.host == Ipv4Addr::LOCALHOST.to_string()
            || self.host == format!("[{}]", Ipv6Addr::LOCALHOST)
    }

    /// Returns true if a daemon that listens on that socket has this address.
    pub(crate) fn is_of(&self, listener: SocketAddr) -> bool {
        self.is_local() && listener == SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

impl Default for TcpAddress {
    /// The address of a daemon by default.
    fn default() -> TcpAddress {
        TcpAddress::of(SocketAddr::from((Ipv4Addr::LOCALHOST, DAEMON_PORT)))
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for TcpAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<TcpAddress, AddressError> {
        let (user, text) = match text.split_once('@') {
            Some((user, text)) => (Some(user), text),
            None => (None, text),
        };
        let (host, port) = text.rsplit_once(':').ok_or(AddressError::Shape)?;
        if text.parse::<Ipv6Addr>().is_ok() || host.parse::<Ipv6Addr>().is_ok() {
            return Err(AddressError::Brackets);
        }
        if !is_host(host) {
            return Err(AddressError::Shape);
        }
        let is_number = port.bytes().all(|digit| digit.is_ascii_digit());
        let port: Port = port
            .parse()
            .ok()
            .filter(|_| is_number)
            .ok_or(AddressError::Port)?;
        // Host names ignore case (RFC 4343).
        let host = host.to_ascii_lowercase();
        let user = match user {
            // The user in the URL of another daemon.
            Some(user) if user.contains('/') => return Err(AddressError::Shape),
            Some(user) => Some(ServerUser::parse(user, &passwd::read())?),
            None => None,
        };
        let port = port.get();
        Ok(TcpAddress { user, host, port })
    }
}

/// Returns true if a text is an IPv6 address in brackets, an IPv4 address or a name of labels (RFC 1123,
/// section 2.1). Labels may have underscores, because names of containers do.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_of_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() <= 253
        && text
            .split('.')
            .all(|label| (1..=63).contains(&label.len()) && label.bytes().all(is_of_label))
}

#[cfg(test)]
mod tests {
    use super::{AddressError, ServerUser, TcpAddress};

    #[test]
    fn host_and_port_are_an_address() {
        for text in [
            "127.0.0.1:51234",
            "localhost:1",
            "dev-box.example.com:65535",
            "registry_1:80",
            "[::1]:51234",
        ] {
            assert_eq!(text.parse::<TcpAddress>().unwrap().to_string(), text);
        }
        let upper: TcpAddress = "LOCALHOST:1".parse().unwrap();
        assert_eq!(upper.to_string(), "localhost:1");
        assert_eq!(TcpAddress::default().to_string(), "127.0.0.1:51234");
    }

    #[test]
    fn the_user_of_a_daemon_may_be_named() {
        for host in ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "example.com"] {
            let address: TcpAddress = format!("1001@{host}:51234").parse().unwrap();
            assert_eq!(address.user(), Some(ServerUser::Id(1001)));
            assert_eq!(address.to_string(), format!("{host}:51234"));
            assert_eq!(address.at_daemon().user(), Some(ServerUser::Id(1001)));
        }
        let all: TcpAddress = "all@localhost:1".parse().unwrap();
        assert_eq!(all.user(), Some(ServerUser::All));
    }

    #[test]
    fn other_texts_are_rejected() {
        for (text, expected) in [
            ("", AddressError::Shape),
            ("localhost", AddressError::Shape),
            (":51234", AddressError::Shape),
            ("51234", AddressError::Shape),
            ("http://localhost:51234", AddressError::Shape),
            ("0@localhost", AddressError::Shape),
            ("0@", AddressError::Shape),
            ("@localhost:51234", AddressError::UnknownUser),
            ("no-such-user@localhost:51234", AddressError::UnknownUser),
            ("0@0@localhost:51234", AddressError::Shape),
            ("http://0@localhost:51234", AddressError::Shape),
            ("localhost:51234/v1", AddressError::Port),
            ("localhost:51234?x", AddressError::Port),
            ("local host:51234", AddressError::Shape),
            (" localhost:51234", AddressError::Shape),
            ("localhost:51234 ", AddressError::Port),
            ("localhost:51234\n", AddressError::Port),
            ("a..b:80", AddressError::Shape),
            ("[localhost]:80", AddressError::Shape),
            ("[::1:80", AddressError::Shape),
            ("höst:80", AddressError::Shape),
            ("localhost:", AddressError::Port),
            ("localhost:0", AddressError::Port),
            ("localhost:+80", AddressError::Port),
            ("localhost:65536", AddressError::Port),
            ("localhost:http", AddressError::Port),
            ("::1:51234", AddressError::Brackets),
            ("::1", AddressError::Brackets),
        ] {
            assert_eq!(text.parse::<TcpAddress>(), Err(expected), "{text:?}");
        }
    }
}
