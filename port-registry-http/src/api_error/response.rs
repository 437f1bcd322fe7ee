//! Error responses: the one place that maps errors to codes, texts and statuses.
//!
//! The texts are those of the Go server, which its clients compare.

use std::{fmt, iter};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use port_registry::daemon::api::{ErrorBody, ErrorCode};
use port_registry::{Error, Port, Registry};

use crate::connection::access::Refusal;
use crate::json;
use crate::limits;

/// An error response.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Box<ErrorBody>,
    /// The port that the request named and did not get.
    contested: Option<Port>,
    /// The methods that the path supports.
    allow: Option<&'static str>,
}

impl ApiError {
    fn new(code: ErrorCode, error: impl Into<String>) -> ApiError {
        ApiError {
            status: status_of(code),
            body: Box::new(ErrorBody::new(code, error)),
            contested: None,
            allow: None,
        }
    }

    pub(crate) fn bad_request(error: impl Into<String>) -> ApiError {
        ApiError::new(ErrorCode::InvalidRequest, error)
    }

    pub(crate) fn invalid_json() -> ApiError {
        ApiError::bad_request("invalid JSON")
    }

    pub(crate) fn port_out_of_range() -> ApiError {
        ApiError::bad_request("port must be between 1 and 65535")
    }

    pub(crate) fn unknown_path() -> ApiError {
        ApiError::new(ErrorCode::PathNotFound, "not found")
    }

    pub(crate) fn unknown_allocation() -> ApiError {
        ApiError::new(ErrorCode::AllocationNotFound, "allocation not found")
    }

    pub(crate) fn unknown_method(allow: &'static str) -> ApiError {
        ApiError {
            allow: Some(allow),
            ..ApiError::new(ErrorCode::MethodNotAllowed, "method not allowed")
        }
    }

    pub(crate) fn slow_request() -> ApiError {
        let error = format!(
            "the request took longer than {} s to arrive",
            limits::REQUEST.as_secs()
        );
        ApiError::new(ErrorCode::RequestTimeout, error)
    }

    pub(crate) fn large_body(limit: usize) -> ApiError {
        let error = format!("the body is larger than {limit} bytes");
        ApiError::new(ErrorCode::TooLarge, error)
    }

    pub(crate) fn busy() -> ApiError {
        ApiError::new(ErrorCode::Busy, "registry is busy")
    }

    /// Other clients have not read their large responses yet.
    pub(crate) fn no_room() -> ApiError {
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

    /// A part of the daemon has ended, which does not happen while it runs.
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

    /// Completes a response that actix-http gave without a body. Returns `None` if it is no error.
    pub(crate) fn bare(status: u16) -> Option<ApiError> {
        let status = StatusCode::from_u16(status).ok()?;
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
        Some(ApiError { status, ..error })
    }

    /// Returns whether the request named a port and did not get it.
    pub(crate) fn is_about_port(&self) -> bool {
        self.contested.is_some()
    }

    /// Adds the holder and the listener of the port that the request did not get. Blocks.
    pub(crate) fn with_listener(mut self, registry: &Registry) -> ApiError {
        // Without them the conflict is reported all the same.
        if let Some(Ok(port)) = self.contested.map(|port| registry.check(port)) {
            let holder = self.body.holder.take();
            self.body.holder = holder.or(port.holder.map(Box::new));
            self.body.listener = port.listener;
        }
        self
    }

    /// Names the request of a batch that failed.
    pub(crate) fn of_request(mut self, index: usize) -> ApiError {
        self.body.request = Some(index);
        self
    }

    /// Combines the errors of a batch's requests. The first one gives the status and the other fields.
    /// It is alone, and the iterator is left where it is, if all of them are too large together.
    /// Returns `None` if there are no errors.
    pub(crate) fn of_batch(errors: impl IntoIterator<Item = ApiError>) -> Option<ApiError> {
        let mut errors = errors.into_iter();
        let mut combined = errors.next()?;
        let mut bodies = Vec::new();
        let mut length = 0;
        for error in iter::once(combined.clone()).chain(errors) {
            length += error.to_json().len();
            if length > limits::BATCH_ERRORS {
                return Some(combined);
            }
            bodies.push(*error.body);
        }
        combined.body.errors = bodies;
        Some(combined)
    }

    /// Leaves out the errors of the batch's other requests.
    pub(crate) fn without_others(mut self) -> ApiError {
        self.body.errors = Vec::new();
        self
    }

    /// Writes the body as JSON with a line end.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        json::to_vec(&*self.body)
    }

    /// Begins the response.
    pub(crate) fn head(&self) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(self.status);
        response.insert_header(ContentType::json());
        if let Some(allow) = self.allow {
            response.insert_header((header::ALLOW, allow));
        }
        // The rest of the request is not read, so the connection is of no more use.
        if self.status == StatusCode::REQUEST_TIMEOUT
            || self.status == StatusCode::PAYLOAD_TOO_LARGE
        {
            response.force_close();
        }
        response
    }
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::ServiceTaken
        | ErrorCode::OtherCheckout
        | ErrorCode::PortTaken
        | ErrorCode::PortInUse => StatusCode::CONFLICT,
        ErrorCode::NoFreePort => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::AllocationNotFound | ErrorCode::PathNotFound => StatusCode::NOT_FOUND,
        ErrorCode::InvalidRequest => StatusCode::BAD_REQUEST,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Busy | ErrorCode::Overloaded | ErrorCode::Stopping => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<&Error> for ApiError {
    fn from(error: &Error) -> ApiError {
        let text = match error {
            Error::PortTaken { .. } => "port already allocated",
            Error::ServiceTaken { .. } | Error::OtherCheckout { .. } => "service already allocated",
            Error::PortInUse { .. } => "port in use on system",
            Error::NotFound { .. } => "allocation not found",
            Error::EmptyFilter => "at least one filter is required for delete",
            Error::Busy { .. } => "registry is busy",
            other => &other.to_string(),
        };
        let mut response = ApiError::new(ErrorCode::from(error), text);
        response.body.holder = error.holder().cloned().map(Box::new);
        response.contested = match error {
            Error::PortTaken { holder, .. } => Some(holder.port),
            Error::PortInUse { port, .. } => Some(*port),
            _ => None,
        };
        response
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        ApiError::from(&error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        ApiError::new(ErrorCode::Forbidden, refusal.to_string())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.body.error)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.head().body(self.to_json())
    }
}

#[cfg(test)]
mod tests {
    use super::ApiError;

    #[test]
    fn errors_of_a_batch_that_are_too_large_together_are_left_out() {
        let large = |index| ApiError::bad_request("x".repeat(1 << 20)).of_request(index);
        let few = ApiError::of_batch((0..3).map(large)).unwrap();
        assert_eq!(few.body.errors.len(), 3);
        let mut many = (0..1000).map(large);
        let combined = ApiError::of_batch(many.by_ref()).unwrap();
        assert_eq!(combined.body.request, Some(0));
        assert!(combined.body.errors.is_empty());
        assert!(many.len() > 900, "the rest is not looked at");
    }
}
