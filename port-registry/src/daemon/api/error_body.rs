//! The body of an error response.

use serde::{Deserialize, Serialize};

use super::error_code::ErrorCode;
use crate::error::Error;
use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::claim::Claim;
use crate::types::service_move::Move;
use crate::usage::port_use::PortUse;

/// The body of every response that reports an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The message, for people.
    pub error: String,
    /// The kind of error, for programs.
    #[serde(default)]
    pub code: ErrorCode,
    /// The reason, where `error` is a fixed text that does not tell it: the field that has the wrong type, or the place
    /// where the JSON is malformed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The allocation that conflicts with the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Box<Allocation>>,
    /// The use of the port that the request did not get.
    #[serde(flatten)]
    pub in_use: Option<PortUse>,
    /// The position of the failed request in its batch, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<usize>,
    /// The errors of all failed requests of a batch, in their order. The other fields repeat the first.
    /// Left out if they would be larger than 32 MiB, or if too many large responses are on their way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorBody>,
}

impl ErrorBody {
    /// Makes the body of an error without further details.
    pub fn new(code: ErrorCode, error: impl Into<String>) -> ErrorBody {
        ErrorBody {
            error: error.into(),
            code,
            detail: None,
            holder: None,
            in_use: None,
            request: None,
            errors: Vec::new(),
        }
    }

    /// Returns the library's error for a failed claim, move or release, as a call in process would have returned it.
    /// Returns `None` for errors of the daemon itself.
    pub fn to_error(&self, subject: Subject<'_>) -> Option<Error> {
        let holder = || self.holder.clone();
        Some(match (self.code, subject) {
            (ErrorCode::PortTaken, _) => Error::PortTaken { holder: holder()? },
            (ErrorCode::ServiceTaken, _) => Error::ServiceTaken { holder: holder()? },
            (ErrorCode::OtherCheckout, Subject::Claim(claim)) => Error::OtherCheckout {
                holder: holder()?,
                wanted: claim.dir()?.to_path_buf(),
            },
            (ErrorCode::PortInUse, Subject::Claim(claim)) => Error::PortInUse {
                port: claim.port()?,
            },
            (ErrorCode::PortInUse, Subject::Move(wanted)) => Error::PortInUse {
                port: wanted.port()?,
            },
            (ErrorCode::AllocationNotFound, Subject::Move(wanted)) => {
                Error::NotFound { id: wanted.id() }
            }
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
    /// A move that was to be carried out.
    Move(&'a Move),
    /// An allocation that was to be released.
    Id(AllocationId),
    /// Anything else.
    Other,
}
