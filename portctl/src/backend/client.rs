//! The HTTP client of the daemon.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use port_registry::daemon::api::{ErrorBody, ErrorCode, header, path};
use port_registry::daemon::{DaemonInfo, Identity, Supervisor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ureq::http::Response;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, Body, RequestBuilder};

use super::connection::{DaemonConnector, ForeignServer, SocketProblem};
use crate::address::{Address, TcpAddress};
use crate::sandbox::NoConnections;

/// Time limit for a response. Longer than the daemon waits for its store.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);
/// Time limit for a daemon to identify itself.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for a daemon to identify itself where none is expected.
const QUICK_IDENTITY_TIMEOUT: Duration = Duration::from_secs(1);

/// Limit of a response in bytes. A list of all 65535 ports has about 10 MiB if the names are of usual length.
const MAX_RESPONSE: u64 = 64 << 20;

/// The part of a daemon's description that all versions share.
#[derive(Debug, Deserialize)]
struct Supervised {
    supervisor: Option<Supervisor>,
}

/// A client of the server at an address. Requests share a connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: Agent,
    address: Address,
}

/// A response of a port registry.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    /// The process that sent it, according to its header.
    pid: u32,
    body: Vec<u8>,
    address: Address,
}

/// The reason why there is no usable response.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    #[error("nothing listens at {address}")]
    NothingListens { address: Address },
    #[error("{} {address}: {problem}", if problem.is_absence() { "nothing listens at" } else { "cannot connect to" })]
    Socket {
        address: Address,
        problem: SocketProblem,
    },
    #[error("cannot reach {address}: {reason}")]
    Unreachable { address: Address, reason: String },
    #[error("cannot reach {address}: {reason}")]
    Denied {
        address: Address,
        reason: NoConnections,
    },
    #[error("the server at {address} did not answer within {} s", timeout.as_secs())]
    Silent { address: Address, timeout: Duration },
    #[error("the server at {address} is not port-registry")]
    Stranger { address: Address },
    #[error("the server at {address} {server}")]
    Foreign {
        address: Address,
        server: ForeignServer,
    },
    #[error("the connection to {address} closed before the response arrived")]
    Broken { address: Address },
    #[error("the response from {address} is larger than {} MiB", MAX_RESPONSE >> 20)]
    TooLarge { address: Address },
    #[error("the daemon at {address} refused the request: {error}")]
    Refused {
        address: Address,
        code: ErrorCode,
        error: String,
    },
    #[error("the daemon at {address} sent an unexpected response, with status {status}")]
    NotUnderstood {
        address: Address,
        status: u16,
        /// The process that sent it, according to its header.
        pid: u32,
        /// The service manager that runs the daemon, if the response names one.
        supervisor: Option<Supervisor>,
    },
}

impl ClientError {
    /// Returns true if a daemon of another user refuses this one.
    pub(crate) fn is_of_user(&self) -> bool {
        match self {
            // Daemons also forbid other host names than those of this machine.
            ClientError::Refused { address, code, .. } => {
                *code == ErrorCode::Forbidden && address.tcp().is_none_or(TcpAddress::is_local)
            }
            _ => false,
        }
    }
}

impl Client {
    pub(crate) fn new(address: Address) -> Client {
        let config = Agent::config_builder()
            // Ignore proxies of the environment, because the address is that of the daemon.
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(RESPONSE_TIMEOUT))
            .user_agent(concat!("portctl/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .build();
        let connector = DaemonConnector::new(address.clone());
        Client {
            agent: Agent::with_parts(config, connector, DefaultResolver::default()),
            address,
        }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks a server to identify itself. Never send anything else to a server that has not done so.
    pub(crate) fn identify(&self) -> Result<DaemonInfo, ClientError> {
        self.identify_within(IDENTITY_TIMEOUT)
    }

    /// Like [`identify`](Client::identify), but gives up soon, for an address where no daemon is expected.
    pub(crate) fn identify_quickly(&self) -> Result<DaemonInfo, ClientError> {
        self.identify_within(QUICK_IDENTITY_TIMEOUT)
    }

    fn identify_within(&self, timeout: Duration) -> Result<DaemonInfo, ClientError> {
        let request = self.agent.get(self.url(path::DAEMON));
        let request = request.config().timeout_global(Some(timeout)).build();
        let reply = self.reply(request.call(), timeout)?;
        let daemon: DaemonInfo =
            reply.outcome()?.map_err(|ErrorBody { code, error, .. }| {
                let address = self.address.clone();
                ClientError::Refused {
                    address,
                    code,
                    error,
                }
            })?;
        if daemon.pid != reply.pid {
            return Err(reply.not_understood());
        }
        Ok(daemon)
    }

    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, ClientError> {
        let request = self.agent.get(self.url(path));
        let request = query
            .iter()
            .fold(request, |it, &(name, value)| it.query(name, value));
        self.reply(request.call(), RESPONSE_TIMEOUT)
    }

    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Reply, ClientError> {
        let request = self.agent.post(self.url(path));
        self.reply(send(request, body), RESPONSE_TIMEOUT)
    }

    pub(crate) fn patch(&self, path: &str, body: &impl Serialize) -> Result<Reply, ClientError> {
        let request = self.agent.patch(self.url(path));
        self.reply(send(request, body), RESPONSE_TIMEOUT)
    }

    /// Deletes a resource. The response describes it.
    pub(crate) fn delete(&self, path: &str) -> Result<Reply, ClientError> {
        let request = self.agent.delete(self.url(path));
        let request = request.header(header::PREFER, header::REPRESENTATION);
        self.reply(request.call(), RESPONSE_TIMEOUT)
    }

    fn url(&self, path: &str) -> String {
        match &self.address {
            Address::Tcp(address) => format!("http://{address}{path}"),
            // A socket needs no host, but each request names one. A number is not looked up.
            Address::Unix(_) => format!("http://{}{path}", Ipv4Addr::LOCALHOST),
        }
    }

    fn reply(
        &self,
        response: Result<Response<Body>, ureq::Error>,
        timeout: Duration,
    ) -> Result<Reply, ClientError> {
        let address = || self.address.clone();
        let error = |error| self.error(error, timeout);
        let mut response = response.map_err(error)?;
        let identity = response.headers().get(header::IDENTITY);
        let Some(Identity { pid, .. }) = identity.and_then(|it| it.to_str().ok()?.parse().ok())
        else {
            return Err(ClientError::Stranger { address: address() });
        };
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(MAX_RESPONSE);
        Ok(Reply {
            status,
            pid,
            body: body.read_to_vec().map_err(error)?,
            address: address(),
        })
    }

    fn no_connections(&self, error: &io::Error) -> Option<NoConnections> {
        match &self.address {
            Address::Tcp(address) if address.is_local() => NoConnections::of_loopback(error),
            _ => NoConnections::of(error),
        }
    }

    fn error(&self, error: ureq::Error, timeout: Duration) -> ClientError {
        use io::ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected,
            UnexpectedEof,
        };
        let address = self.address.clone();
        if let ureq::Error::Io(error) = &error {
            if let Address::Unix(path) = &address
                && let Some(problem) = SocketProblem::of(error, path.path())
            {
                return ClientError::Socket { address, problem };
            }
            if let Some(server) = ForeignServer::of(error) {
                return ClientError::Foreign { address, server };
            }
            if let Some(reason) = self.no_connections(error) {
                return ClientError::Denied { address, reason };
            }
        }
        match error {
            ureq::Error::Timeout(_) => ClientError::Silent { address, timeout },
            ureq::Error::BodyExceedsLimit(_) => ClientError::TooLarge { address },
            ureq::Error::Io(reason) => match reason.kind() {
                ConnectionRefused => ClientError::NothingListens { address },
                ConnectionReset | ConnectionAborted | NotConnected | BrokenPipe | UnexpectedEof => {
                    ClientError::Broken { address }
                }
                _ => ClientError::Unreachable {
                    address,
                    reason: reason.to_string(),
                },
            },
            ureq::Error::HostNotFound => ClientError::Unreachable {
                address,
                reason: "there is no such host".to_owned(),
            },
            ureq::Error::ConnectionFailed => ClientError::Unreachable {
                address,
                reason: "the connection failed".to_owned(),
            },
            // The response is not HTTP.
            ureq::Error::Protocol(_)
            | ureq::Error::Http(_)
            | ureq::Error::LargeResponseHeader(..) => ClientError::Stranger { address },
            error => ClientError::Unreachable {
                address,
                reason: error.to_string(),
            },
        }
    }
}

fn send(
    request: RequestBuilder<ureq::typestate::WithBody>,
    body: &impl Serialize,
) -> Result<Response<Body>, ureq::Error> {
    let body = serde_json::to_vec(body).map_err(io::Error::from)?;
    request.content_type("application/json").send(&body)
}

impl Reply {
    /// Parses the document of a successful response, or else the error that the daemon reports.
    pub(crate) fn outcome<T: DeserializeOwned>(&self) -> Result<Result<T, ErrorBody>, ClientError> {
        if (200..300).contains(&self.status) {
            self.document().map(Ok)
        } else {
            self.document().map(Err)
        }
    }

    /// Parses the document of any response.
    pub(crate) fn document<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|_| self.not_understood())
    }

    /// The error for a response that breaks the contract of the API.
    pub(crate) fn not_understood(&self) -> ClientError {
        ClientError::NotUnderstood {
            address: self.address.clone(),
            status: self.status,
            pid: self.pid,
            supervisor: serde_json::from_slice(&self.body)
                .ok()
                .and_then(|info: Supervised| info.supervisor),
        }
    }
}
