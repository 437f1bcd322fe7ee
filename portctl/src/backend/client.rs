//! HTTP to a daemon, which has to say that it is one.

use std::io;
use std::time::Duration;

use port_registry::daemon::api::{ErrorBody, header, path};
use port_registry::daemon::{DaemonInfo, Identity, Supervisor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder};

use crate::address::Address;

/// Limit of the time for a response: longer than the daemon itself waits for its store.
const PATIENCE: Duration = Duration::from_secs(15);
/// Limit of the time in which a daemon has to say that it is one.
const IDENTIFICATION: Duration = Duration::from_secs(5);
/// Such a limit where a daemon is not expected.
const QUICK_IDENTIFICATION: Duration = Duration::from_secs(1);

/// The most bytes of an answer. The list of all 65535 ports is some 10 MiB with names of usual
/// length.
const LARGEST_ANSWER: u64 = 64 << 20;

/// The part of a daemon's description that is understood of other versions, too.
#[derive(Debug, Deserialize)]
struct Supervised {
    supervisor: Option<Supervisor>,
}

/// A connection to a server at an address, kept between requests.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    address: Address,
}

/// A response of a port registry.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    /// The process that gave it, by its own account.
    pid: u32,
    body: Vec<u8>,
    address: Address,
}

/// The reason why there is no response, or none that can be used.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    #[error("nothing listens at {address}")]
    NothingListens { address: Address },
    #[error("cannot talk to {address}: {cause}")]
    Unreachable { address: Address, cause: String },
    #[error("what listens at {address} did not answer within {} s", patience.as_secs())]
    Silent {
        address: Address,
        patience: Duration,
    },
    #[error("what answers at {address} is not port-registry")]
    Stranger { address: Address },
    #[error("the connection to {address} broke off before there was an answer")]
    Broken { address: Address },
    #[error("the answer of {address} is larger than {} MiB", LARGEST_ANSWER >> 20)]
    TooLarge { address: Address },
    #[error("port-registry at {address} refuses: {error}")]
    Denied { address: Address, error: String },
    #[error("port-registry at {address} sent an unexpected response, with status {status}")]
    NotUnderstood {
        address: Address,
        status: u16,
        /// The process that gave it, by its own account.
        pid: u32,
        /// The manager that keeps it running, as far as that is understood.
        supervisor: Option<Supervisor>,
    },
}

impl Client {
    pub(crate) fn new(address: Address) -> Client {
        let config = Agent::config_builder()
            // Not even the one that the environment names, since the address is that of the daemon.
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("portctl/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .build();
        Client {
            agent: Agent::new_with_config(config),
            address,
        }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks who is there. Never send anything else to a server that has not said that it is a port registry.
    pub(crate) fn identify(&self) -> Result<DaemonInfo, ClientError> {
        self.identify_within(IDENTIFICATION)
    }

    /// Asks who is there, where a daemon is not expected and must not be waited for.
    pub(crate) fn identify_quickly(&self) -> Result<DaemonInfo, ClientError> {
        self.identify_within(QUICK_IDENTIFICATION)
    }

    fn identify_within(&self, patience: Duration) -> Result<DaemonInfo, ClientError> {
        let request = self.agent.get(self.url(path::DAEMON));
        let request = request.config().timeout_global(Some(patience)).build();
        let reply = self.reply(request.call(), patience)?;
        let daemon: DaemonInfo = reply.outcome()?.map_err(|ErrorBody { error, .. }| {
            let address = self.address.clone();
            ClientError::Denied { address, error }
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
        self.reply(request.call(), PATIENCE)
    }

    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Reply, ClientError> {
        let request = self.agent.post(self.url(path));
        self.reply(send(request, body), PATIENCE)
    }

    /// Deletes one thing, and asks for its description.
    pub(crate) fn delete(&self, path: &str) -> Result<Reply, ClientError> {
        self.reply(self.deletion(path).call(), PATIENCE)
    }

    /// Deletes the things that a body chooses, and asks for their description.
    pub(crate) fn delete_by(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, ClientError> {
        let request = self.deletion(path).force_send_body();
        self.reply(send(request, body), PATIENCE)
    }

    fn deletion(&self, path: &str) -> RequestBuilder<ureq::typestate::WithoutBody> {
        let request = self.agent.delete(self.url(path));
        request.header(header::PREFER, header::REPRESENTATION)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn reply(
        &self,
        response: Result<Response<Body>, ureq::Error>,
        patience: Duration,
    ) -> Result<Reply, ClientError> {
        let address = || self.address.clone();
        let error = |error| self.error(error, patience);
        let mut response = response.map_err(error)?;
        let identity = response.headers().get(header::IDENTITY);
        let Some(Identity { pid, .. }) = identity.and_then(|it| it.to_str().ok()?.parse().ok())
        else {
            return Err(ClientError::Stranger { address: address() });
        };
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(LARGEST_ANSWER);
        Ok(Reply {
            status,
            pid,
            body: body.read_to_vec().map_err(error)?,
            address: address(),
        })
    }

    fn error(&self, error: ureq::Error, patience: Duration) -> ClientError {
        use io::ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof,
        };
        let address = self.address.clone();
        match error {
            ureq::Error::Timeout(_) => ClientError::Silent { address, patience },
            ureq::Error::BodyExceedsLimit(_) => ClientError::TooLarge { address },
            ureq::Error::Io(cause) => match cause.kind() {
                ConnectionRefused => ClientError::NothingListens { address },
                ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof => {
                    ClientError::Broken { address }
                }
                _ => ClientError::Unreachable {
                    address,
                    cause: cause.to_string(),
                },
            },
            ureq::Error::HostNotFound => ClientError::Unreachable {
                address,
                cause: "there is no such host".to_owned(),
            },
            ureq::Error::ConnectionFailed => ClientError::Unreachable {
                address,
                cause: "the connection failed".to_owned(),
            },
            // Its response is not HTTP.
            ureq::Error::Protocol(_)
            | ureq::Error::Http(_)
            | ureq::Error::LargeResponseHeader(..) => ClientError::Stranger { address },
            error => ClientError::Unreachable {
                address,
                cause: error.to_string(),
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
    /// The document of a successful response, or else the error that the daemon reports.
    pub(crate) fn outcome<T: DeserializeOwned>(&self) -> Result<Result<T, ErrorBody>, ClientError> {
        if (200..300).contains(&self.status) {
            self.document().map(Ok)
        } else {
            self.document().map(Err)
        }
    }

    /// The document of any response.
    pub(crate) fn document<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|_| self.not_understood())
    }

    /// The error that this response is not what the daemon's contract says.
    pub(crate) fn not_understood(&self) -> ClientError {
        ClientError::NotUnderstood {
            address: self.address.clone(),
            status: self.status,
            pid: self.pid,
            supervisor: serde_json::from_slice(&self.body)
                .ok()
                .and_then(|told: Supervised| told.supervisor),
        }
    }
}
