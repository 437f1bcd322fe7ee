//! HTTP to a daemon, and whether it is one.

use std::io;
use std::time::Duration;

use port_registry::daemon::api::header;
use port_registry::daemon::{DaemonInfo, Identity, Supervisor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder};

use crate::address::Address;

/// How long an answer may take in all: longer than the daemon itself waits for its store.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a daemon may take to say that it is one.
const IDENTIFICATION: Duration = Duration::from_secs(5);
/// The same, where it is not sure that there is one, and there is another way.
const QUICK_IDENTIFICATION: Duration = Duration::from_secs(1);

/// The most bytes of an answer. The list of all 65535 ports is some 10 MiB with names of usual
/// length.
const LARGEST_ANSWER: u64 = 64 << 20;

/// What is understood of a daemon of another version.
#[derive(Debug, Deserialize)]
struct Supervised {
    supervisor: Option<Supervisor>,
}

/// Why a daemon does not let a client in.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
}

/// A connection to what listens at an address, kept between requests.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    address: Address,
}

/// An answer of a port registry.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The process that gave it, by its own account.
    pid: u32,
    body: Vec<u8>,
    address: Address,
}

/// Why there is no answer, or none that can be used.
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
    #[error(
        "port-registry at {address} gave an answer that is not understood, with status {status}"
    )]
    NotUnderstood {
        address: Address,
        status: u16,
        /// The process that gave it, by its own account.
        pid: u32,
        /// Who keeps it running, as far as that is understood.
        supervisor: Option<Supervisor>,
    },
}

impl Client {
    pub(crate) fn new(address: Address) -> Client {
        let config = Agent::config_builder()
            // Not even the one that the environment names: what is meant is this address.
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

    /// Asks who is there. Nothing else is asked of what has not said that it is a port registry.
    pub(crate) fn identify(&self) -> Result<DaemonInfo, ClientError> {
        self.identify_within(IDENTIFICATION)
    }

    /// The same, with less patience.
    pub(crate) fn identify_quickly(&self) -> Result<DaemonInfo, ClientError> {
        self.identify_within(QUICK_IDENTIFICATION)
    }

    fn identify_within(&self, patience: Duration) -> Result<DaemonInfo, ClientError> {
        let request = self.agent.get(self.url("/v1/daemon"));
        let request = request.config().timeout_global(Some(patience)).build();
        let reply = self.reply(request.call(), patience)?;
        if let (400..500, Ok(Refusal { error })) = (reply.status, reply.document()) {
            let address = self.address.clone();
            return Err(ClientError::Denied { address, error });
        }
        let daemon: DaemonInfo = reply.json(200)?;
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

    /// Asks for what is deleted, too.
    pub(crate) fn delete(&self, path: &str) -> Result<Reply, ClientError> {
        self.reply(self.deletion(path).call(), PATIENCE)
    }

    /// The same, of what a body says.
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
        request.header("prefer", "return=representation")
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
            // What it says is not HTTP.
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
    /// The document, of an answer with this status.
    pub(crate) fn json<T: DeserializeOwned>(&self, status: u16) -> Result<T, ClientError> {
        if self.status == status {
            self.document()
        } else {
            Err(self.not_understood())
        }
    }

    /// The document, whatever the status.
    pub(crate) fn document<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|_| self.not_understood())
    }

    fn not_understood(&self) -> ClientError {
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
