//! The daemon's wire contract: paths, headers, bodies and error codes.
//!
//! The daemon and `portctl` share these definitions, so that neither spells out a path or matches a
//! text. Clients in other languages read `openapi.json`, which describes the same contract.

use serde::{Deserialize, Serialize};

use crate::allocate::request::Claim;
use crate::allocation::{Allocation, AllocationId};
use crate::error::Error;
use crate::port::Port;
use crate::system::listener::Listener;

/// Where the daemon answers.
pub mod path {
    use super::{AllocationId, Port};

    /// The state of the store: [`Health`](super::Health).
    pub const HEALTH: &str = "/healthz";
    /// The description of the API.
    pub const OPENAPI: &str = "/openapi.json";
    /// All allocations.
    pub const ALLOCATIONS: &str = "/v1/allocations";
    /// Several requests to [`ALLOCATIONS`] that take effect together: [`Batch`](super::Batch).
    pub const BATCH: &str = "/v1/batch";
    /// The daemon that answers: [`DaemonInfo`](crate::daemon::DaemonInfo).
    pub const DAEMON: &str = "/v1/daemon";
    /// All ports.
    pub const PORTS: &str = "/v1/ports";

    /// One allocation.
    pub fn allocation(id: AllocationId) -> String {
        format!("{ALLOCATIONS}/{id}")
    }

    /// One port: [`PortStatus`](crate::PortStatus).
    pub fn port(port: Port) -> String {
        format!("{PORTS}/{port}")
    }
}

/// Headers of this API's own, and the one preference that it knows.
pub mod header {
    /// Names the daemon that answered, in every response: an [`Identity`](crate::daemon::Identity).
    pub const IDENTITY: &str = "x-port-registry";
    /// Carries [`REPRESENTATION`] in a deletion (RFC 7240).
    pub const PREFER: &str = "prefer";
    /// Carries [`REPRESENTATION`] in a response that followed it (RFC 7240, section 3).
    pub const PREFERENCE_APPLIED: &str = "preference-applied";
    /// Asks a deletion to answer with the released allocations (RFC 7240, section 4.2).
    pub const REPRESENTATION: &str = "return=representation";
}

/// The body of every response that reports an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The message, for people.
    pub error: String,
    /// The kind of error, for programs.
    #[serde(default)]
    pub code: ErrorCode,
    /// The allocation that conflicts with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Box<Allocation>>,
    /// The process that has the port open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<Listener>,
    /// The position of the failed request in its batch, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<usize>,
    /// The errors of all failed requests of a batch, in their order. The other fields repeat the first.
    /// Left out if they would be larger than 32 MiB, or if too many large responses are on their way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorBody>,
}

impl ErrorBody {
    /// An error without further details.
    pub fn new(code: ErrorCode, error: impl Into<String>) -> ErrorBody {
        ErrorBody {
            error: error.into(),
            code,
            holder: None,
            listener: None,
            request: None,
            errors: Vec::new(),
        }
    }

    /// The library's error for a failed claim or release, as a call in process would have returned it.
    /// `None` for errors of the daemon itself.
    pub fn to_error(&self, subject: Subject<'_>) -> Option<Error> {
        let holder = || self.holder.clone();
        Some(match (self.code, subject) {
            (ErrorCode::PortTaken, _) => Error::PortTaken { holder: holder()? },
            (ErrorCode::ServiceTaken, _) => Error::ServiceTaken { holder: holder()? },
            (ErrorCode::OtherCheckout, Subject::Claim(claim)) => Error::OtherCheckout {
                holder: holder()?,
                wanted: claim.checkout()?.to_owned(),
            },
            (ErrorCode::PortInUse, Subject::Claim(claim)) => Error::PortInUse {
                port: claim.wanted_port()?,
            },
            (ErrorCode::AllocationNotFound, Subject::Id(id)) => Error::NotFound { id },
            _ => return None,
        })
    }
}

/// The subject of a request, which the body of its error leaves out.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A claim that was to be carried out.
    Claim(&'a Claim),
    /// An allocation that was to be released.
    Id(AllocationId),
    /// Anything else.
    Other,
}

/// The kind of an error. Codes are added, and never change their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The service holds another port, or was to be new.
    ServiceTaken,
    /// The service belongs to another checkout with the same names.
    OtherCheckout,
    /// Another service holds the port.
    PortTaken,
    /// A process that is not registered uses the port.
    PortInUse,
    /// All ports of the range are allocated or in use.
    NoFreePort,
    /// No allocation has this id.
    AllocationNotFound,
    /// The request is malformed or lacks something.
    InvalidRequest,
    /// The path is not part of the API.
    PathNotFound,
    /// The path does not support the method.
    MethodNotAllowed,
    /// The request may come from a web page.
    Forbidden,
    /// The request took too long to arrive.
    RequestTimeout,
    /// The request is larger than the daemon accepts.
    TooLarge,
    /// Another process kept the store locked until the deadline. Nothing was changed.
    Busy,
    /// The daemon has no turn for another list or batch, or no room for another large request or
    /// response. Nothing was changed.
    Overloaded,
    /// The daemon or the connection is closing. Nothing was changed.
    Stopping,
    /// The store failed during a commit, and the outcome could not be determined.
    OutcomeUnknown,
    /// The store or the operating system failed. Nothing was changed.
    Failed,
    /// A code that this version does not know, or none.
    #[default]
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// All codes but [`Unknown`](ErrorCode::Unknown), which is never sent.
    pub const KNOWN: [ErrorCode; 17] = [
        ErrorCode::ServiceTaken,
        ErrorCode::OtherCheckout,
        ErrorCode::PortTaken,
        ErrorCode::PortInUse,
        ErrorCode::NoFreePort,
        ErrorCode::AllocationNotFound,
        ErrorCode::InvalidRequest,
        ErrorCode::PathNotFound,
        ErrorCode::MethodNotAllowed,
        ErrorCode::Forbidden,
        ErrorCode::RequestTimeout,
        ErrorCode::TooLarge,
        ErrorCode::Busy,
        ErrorCode::Overloaded,
        ErrorCode::Stopping,
        ErrorCode::OutcomeUnknown,
        ErrorCode::Failed,
    ];
}

impl From<&Error> for ErrorCode {
    fn from(error: &Error) -> ErrorCode {
        match error {
            Error::ServiceTaken { .. } => ErrorCode::ServiceTaken,
            Error::OtherCheckout { .. } => ErrorCode::OtherCheckout,
            Error::PortTaken { .. } => ErrorCode::PortTaken,
            Error::PortInUse { .. } => ErrorCode::PortInUse,
            Error::NoFreePort { .. } => ErrorCode::NoFreePort,
            Error::NotFound { .. } => ErrorCode::AllocationNotFound,
            Error::EmptyFilter => ErrorCode::InvalidRequest,
            Error::Busy { .. } => ErrorCode::Busy,
            Error::OutcomeUnknown { .. } => ErrorCode::OutcomeUnknown,
            _ => ErrorCode::Failed,
        }
    }
}

/// The body of a request to [`path::BATCH`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<B> {
    /// The requests, in the order in which they are carried out.
    pub requests: Vec<BatchItem<B>>,
}

impl<B> Batch<B> {
    /// Several requests of one method.
    pub fn new(method: Method, bodies: impl IntoIterator<Item = B>) -> Batch<B> {
        let requests = bodies.into_iter();
        Batch {
            requests: requests.map(|body| BatchItem { method, body }).collect(),
        }
    }
}

/// One request of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchItem<B> {
    /// The method of the same request to [`path::ALLOCATIONS`].
    pub method: Method,
    /// The body of that request, or [`ById`].
    pub body: B,
}

/// The methods that a batch can contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Allocates.
    Post,
    /// Gets or allocates.
    Put,
    /// Releases.
    Delete,
}

/// The body of a deletion, in a batch, of one allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ById {
    /// Its id.
    pub id: AllocationId,
}

/// The answer to a [`Batch`] that took effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAnswers<B> {
    /// One answer for each request, in their order.
    pub answers: Vec<BatchAnswer<B>>,
}

/// The answer to one request of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAnswer<B> {
    /// The HTTP status of the same request alone: [`CREATED`] for a new allocation.
    pub status: u16,
    /// The body of that answer.
    pub body: B,
}

/// The status of a request that made a new allocation.
pub const CREATED: u16 = 201;

/// The answer to a deletion by a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The number of allocations that were released.
    pub deleted: usize,
}

/// The answer to a deletion by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Always `deleted`.
    pub status: ReleaseStatus,
}

/// The outcome of a deletion by id that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseStatus {
    /// The allocation was released.
    Deleted,
}

/// The answer to `GET` [`path::HEALTH`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok` or `error`.
    pub status: HealthStatus,
    /// The reason why the store does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The state of a daemon's store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It can be read, and the last write succeeded.
    Ok,
    /// It cannot be read, or the last write failed.
    Error,
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn every_code_but_unknown_is_listed_in_order() {
        let positions = ErrorCode::KNOWN.map(|code| code as usize);
        assert!(positions.into_iter().eq(0..ErrorCode::Unknown as usize));
    }
}
