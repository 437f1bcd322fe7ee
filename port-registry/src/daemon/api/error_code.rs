//! The kinds of errors, for programs.

use serde::{Deserialize, Serialize};

use crate::error::Error;

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

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn every_code_but_unknown_is_listed_in_order() {
        let positions = ErrorCode::KNOWN.map(|code| code as usize);
        assert!(positions.into_iter().eq(0..ErrorCode::Unknown as usize));
    }
}
