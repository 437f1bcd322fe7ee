//! The errors that the daemon itself reports, each with its message.

use actix_web::http::StatusCode;
use port_registry::daemon::api::ErrorCode;

use super::response::ApiError;
use crate::limits;

impl ApiError {
    pub(crate) fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(ErrorCode::InvalidRequest, message)
    }

    /// The Go server's text for JSON that is malformed, or in which one of its fields has the wrong type.
    pub(crate) fn invalid_json(detail: impl Into<String>) -> ApiError {
        ApiError::bad_request("invalid JSON").with_detail(detail)
    }

    pub(crate) fn port_out_of_range() -> ApiError {
        ApiError::bad_request("port must be between 1 and 65535")
    }

    pub(crate) fn forbidden(reason: impl Into<String>) -> ApiError {
        ApiError::new(ErrorCode::Forbidden, reason)
    }

    pub(crate) fn unknown_path() -> ApiError {
        ApiError::new(ErrorCode::PathNotFound, "not found")
    }

    pub(crate) fn unknown_allocation() -> ApiError {
        ApiError::new(ErrorCode::AllocationNotFound, "allocation not found")
    }

    /// `allow` lists the methods that the path supports.
    pub(crate) fn unknown_method(allow: &'static str) -> ApiError {
        ApiError::new(ErrorCode::MethodNotAllowed, "method not allowed").with_allow(allow)
    }

    pub(crate) fn slow_request() -> ApiError {
        let message = format!(
            "the request took longer than {} s to arrive",
            limits::REQUEST.as_secs()
        );
        ApiError::new(ErrorCode::RequestTimeout, message)
    }

    pub(crate) fn large_body(limit: usize) -> ApiError {
        let message = format!("the body is larger than {limit} bytes");
        ApiError::new(ErrorCode::TooLarge, message)
    }

    pub(crate) fn busy() -> ApiError {
        ApiError::new(ErrorCode::Busy, "registry is busy")
    }

    /// Other clients have not read their large responses yet.
    pub(crate) fn no_room_for_response() -> ApiError {
        ApiError::new(
            ErrorCode::Overloaded,
            "too many large answers are on their way; try again, or ask for fewer allocations",
        )
    }

    /// Other clients are still sending large batches.
    pub(crate) fn no_room_for_batch() -> ApiError {
        ApiError::new(
            ErrorCode::Overloaded,
            "too many large batches are on their way; try again, or ask for fewer things at once",
        )
    }

    /// Other clients' requests took all turns until the deadline.
    pub(crate) fn no_turn() -> ApiError {
        ApiError::new(
            ErrorCode::Overloaded,
            "too many requests of this kind are under way; try again",
        )
    }

    /// A handler panicked.
    pub(crate) fn internal() -> ApiError {
        ApiError::new(
            ErrorCode::Failed,
            "an internal failure, which was printed; please report it",
        )
    }

    /// A part of the daemon has ended, which happens only while it stops.
    pub(crate) fn stopping() -> ApiError {
        ApiError::new(ErrorCode::Stopping, "the daemon is stopping")
    }

    /// The client was dismissed before its request had arrived.
    pub(crate) fn closing() -> ApiError {
        ApiError::new(
            ErrorCode::Stopping,
            "the connection is closing: the daemon is stopping, or has too many of them",
        )
    }

    /// Describes a response that actix-http sent without a body. Returns `None` if its status is not an
    /// error.
    pub(crate) fn for_bare_status(code: u16) -> Option<ApiError> {
        let status = StatusCode::from_u16(code).ok()?;
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        let error = match status {
            StatusCode::BAD_REQUEST => ApiError::bad_request("malformed HTTP request"),
            StatusCode::REQUEST_TIMEOUT => ApiError::slow_request(),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                ApiError::new(ErrorCode::TooLarge, "the request's head is too large")
            }
            _ if status.is_client_error() => ApiError::bad_request("the request failed"),
            _ => ApiError::new(ErrorCode::Failed, "the request failed"),
        };
        Some(error.with_status(status))
    }
}
