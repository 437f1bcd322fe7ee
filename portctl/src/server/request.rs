//! HTTP requests to servers of projects.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use port_registry::Port;
use ureq::Agent;
use ureq::http::uri::PathAndQuery;

use super::shared_limit::SharedLimit;

/// The path of a URL, maybe with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpPath(PathAndQuery);

impl FromStr for HttpPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<HttpPath, &'static str> {
        let path = match text {
            "" => None,
            text if text.contains("://") => None,
            text if text.starts_with('/') => text.parse().ok(),
            text => format!("/{text}").parse().ok(),
        };
        path.map(HttpPath)
            .ok_or("it is the path of a URL, such as /health")
    }
}

impl HttpPath {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The first status that means that a server does not work (RFC 9110, section 15.6).
const FIRST_SERVER_ERROR: u16 = 500;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpAnswer {
    Status(u16),
    /// No answer, for this reason.
    None(String),
}

impl HttpAnswer {
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self, HttpAnswer::Status(status) if *status < FIRST_SERVER_ERROR)
    }
}

/// Requests a path at these addresses of localhost, in turn until one is ready. Returns the last answer. The addresses
/// share the time limit.
pub(crate) fn get(
    addresses: &[SocketAddr],
    port: Port,
    path: &HttpPath,
    limit: Duration,
) -> HttpAnswer {
    let mut last = HttpAnswer::None("nothing listens".to_owned());
    let mut limits = SharedLimit::new(limit, addresses.len());
    for address in addresses {
        last = get_at(*address, port, path, limits.next());
        if last.is_ready() {
            break;
        }
    }
    last
}

fn get_at(address: SocketAddr, port: Port, path: &HttpPath, limit: Duration) -> HttpAnswer {
    let config = Agent::config_builder()
        // Ignore proxies of the environment, because the server is on this machine.
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(limit))
        .user_agent(concat!("portctl/", env!("CARGO_PKG_VERSION")))
        .build();
    let request = Agent::new_with_config(config)
        .get(format!("http://{address}{}", path.as_str()))
        // The name by which browsers ask. Some servers refuse addresses.
        .header("Host", format!("localhost:{port}"))
        .header("Connection", "close");
    match request.call() {
        Ok(response) => HttpAnswer::Status(response.status().as_u16()),
        Err(ureq::Error::Timeout(_)) => HttpAnswer::None("it takes too long".to_owned()),
        Err(ureq::Error::Protocol(_) | ureq::Error::Http(_)) => {
            HttpAnswer::None("the response is not HTTP".to_owned())
        }
        Err(ureq::Error::Io(error)) => HttpAnswer::None(match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                "the server closes the connection".to_owned()
            }
            _ => error.to_string(),
        }),
        Err(error) => HttpAnswer::None(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;
    use std::time::Duration;

    use port_registry::Port;

    use super::{HttpAnswer, HttpPath, get};

    #[test]
    fn paths_begin_with_a_slash() {
        for (text, expected) in [
            ("/", "/"),
            ("health", "/health"),
            ("/health?deep=1#part", "/health?deep=1"),
        ] {
            assert_eq!(text.parse::<HttpPath>().unwrap().as_str(), expected);
        }
        for text in ["", "http://localhost:3000/", "/a b", "/\r\nHost: x", "a\0"] {
            assert!(text.parse::<HttpPath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn server_that_closes_the_connection_is_described() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = server.local_addr().unwrap();
        let closing = thread::spawn(move || drop(server.accept().unwrap()));
        let port = Port::new(address.port()).unwrap();
        let answer = get(
            &[address],
            port,
            &"/".parse().unwrap(),
            Duration::from_secs(30),
        );
        closing.join().unwrap();
        let expected = "the server closes the connection".to_owned();
        assert_eq!(answer, HttpAnswer::None(expected));
    }

    #[test]
    fn a_status_of_the_client_or_a_redirect_is_ready() {
        for (status, is_ready) in [(200, true), (302, true), (404, true), (500, false)] {
            assert_eq!(HttpAnswer::Status(status).is_ready(), is_ready);
        }
        assert!(!HttpAnswer::None(String::new()).is_ready());
    }
}
