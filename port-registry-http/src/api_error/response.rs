//! An error response, and the errors of a batch combined in one.

use std::{fmt, iter};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use port_registry::daemon::api::{ErrorBody, ErrorCode};
use port_registry::{Allocation, Port, Registry};

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
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> ApiError {
        ApiError {
            status: status_of(code),
            body: Box::new(ErrorBody::new(code, message)),
            contested: None,
            allow: None,
        }
    }

    pub(super) fn with_status(self, status: StatusCode) -> ApiError {
        ApiError { status, ..self }
    }

    pub(super) fn with_allow(self, allow: &'static str) -> ApiError {
        let allow = Some(allow);
        ApiError { allow, ..self }
    }

    pub(super) fn with_detail(mut self, detail: impl Into<String>) -> ApiError {
        self.body.detail = Some(detail.into());
        self
    }

    pub(super) fn with_holder(mut self, holder: Option<Allocation>) -> ApiError {
        self.body.holder = holder.map(Box::new);
        self
    }

    pub(super) fn with_contested_port(self, port: Port) -> ApiError {
        let contested = Some(port);
        ApiError { contested, ..self }
    }

    /// Tests if the store or the operating system failed.
    pub(crate) fn is_failure(&self) -> bool {
        self.body.code == ErrorCode::Failed
    }

    /// Tests if the request named a port and did not get it.
    pub(crate) fn is_about_port(&self) -> bool {
        self.contested.is_some()
    }

    /// Adds the holder and the use of the port that the request did not get. Blocks.
    pub(crate) fn with_listener(mut self, registry: &Registry) -> ApiError {
        // If they cannot be found, the conflict is reported without them.
        if let Some(Ok(port)) = self.contested.map(|port| registry.check(port)) {
            let holder = self.body.holder.take();
            self.body.holder = holder.or(port.holder.map(Box::new));
            self.body.in_use = port.in_use;
        }
        self
    }

    /// Adds the position of the failed request in its batch.
    pub(crate) fn at_request(mut self, index: usize) -> ApiError {
        self.body.request = Some(index);
        self
    }

    /// Combines the errors of a batch's requests. The first one gives the status and the other fields.
    /// It is alone, and the iterator is left where it is, if all of them are too large together.
    /// Returns `None` if there are no errors.
    pub(crate) fn combine(errors: impl IntoIterator<Item = ApiError>) -> Option<ApiError> {
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

    /// Begins the response: its status and header fields.
    pub(crate) fn head(&self) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(self.status);
        response.insert_header(ContentType::json());
        if let Some(allow) = self.allow {
            response.insert_header((header::ALLOW, allow));
        }
        // The rest of the request is not read, so the connection cannot carry another one.
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
        let large = |index| ApiError::bad_request("x".repeat(1 << 20)).at_request(index);
        let few = ApiError::combine((0..3).map(large)).unwrap();
        assert_eq!(few.body.errors.len(), 3);
        let mut many = (0..1000).map(large);
        let combined = ApiError::combine(many.by_ref()).unwrap();
        assert_eq!(combined.body.request, Some(0));
        assert!(combined.body.errors.is_empty());
        assert!(many.len() > 900, "the other errors are not made");
    }
}
