//! What is answered when something is wrong: the one place that maps errors to statuses.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, ResponseError};
use port_registry::{Allocation, Error, Listener, Port, PortStatus};
use serde::Serialize;

use crate::access::Refusal;
use crate::json;
use crate::limits;

/// An error as clients get it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApiError {
    #[serde(skip)]
    status: StatusCode,
    error: Cow<'static, str>,
    /// The allocation that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Box<Allocation>>,
    /// What has the port open.
    #[serde(skip_serializing_if = "Option::is_none")]
    listener: Option<Listener>,
    /// Which request of a batch it is, the first being 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<usize>,
    /// The port that was asked for in vain.
    #[serde(skip)]
    pub(crate) contested: Option<Port>,
    /// The methods that would be allowed.
    #[serde(skip)]
    allow: Option<&'static str>,
}

impl ApiError {
    fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError {
            status,
            error: error.into(),
            holder: None,
            listener: None,
            request: None,
            contested: None,
            allow: None,
        }
    }

    /// What was sent cannot be understood.
    pub(crate) fn bad_request(error: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn invalid_json() -> ApiError {
        ApiError::bad_request("invalid JSON")
    }

    pub(crate) fn port_out_of_range() -> ApiError {
        ApiError::bad_request("port must be between 1 and 65535")
    }

    pub(crate) fn unknown_path() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not found")
    }

    pub(crate) fn unknown_allocation() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "allocation not found")
    }

    pub(crate) fn unknown_method(allow: &'static str) -> ApiError {
        ApiError {
            allow: Some(allow),
            ..ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        }
    }

    pub(crate) fn slow_request() -> ApiError {
        let error = format!(
            "the request took longer than {} s to arrive",
            limits::REQUEST.as_secs()
        );
        ApiError::new(StatusCode::REQUEST_TIMEOUT, error)
    }

    pub(crate) fn large_body(limit: usize) -> ApiError {
        let error = format!("the body is larger than {limit} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    }

    /// There is too much to do right now.
    pub(crate) fn busy() -> ApiError {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "registry is busy")
    }

    /// Other clients have not read theirs yet.
    pub(crate) fn no_room() -> ApiError {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many large answers are on their way; try again, or ask for fewer allocations",
        )
    }

    /// The same, of batches.
    pub(crate) fn no_room_for_batch() -> ApiError {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many large batches are on their way; try again, or ask for fewer things at once",
        )
    }

    /// A part of the daemon is gone, which does not happen while it runs.
    pub(crate) fn stopping() -> ApiError {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the daemon is stopping")
    }

    /// The client was dismissed before its request had arrived.
    pub(crate) fn closing() -> ApiError {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the connection is closing: the daemon is stopping, or has too many of them",
        )
    }

    /// What goes with a status that was answered without a body; `None` for one that is no error.
    pub(crate) fn bare(code: u16) -> Option<ApiError> {
        let status = StatusCode::from_u16(code).ok()?;
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        Some(match status {
            StatusCode::BAD_REQUEST => ApiError::bad_request("malformed HTTP request"),
            StatusCode::REQUEST_TIMEOUT => ApiError::slow_request(),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                ApiError::new(status, "the request's head is too large")
            }
            _ => ApiError::new(status, "the request failed"),
        })
    }

    /// The same, and who has the port.
    pub(crate) fn with(self, port: PortStatus) -> ApiError {
        ApiError {
            holder: self.holder.or(port.holder.map(Box::new)),
            listener: port.listener,
            ..self
        }
    }

    /// The same, of one request of a batch.
    pub(crate) fn of_request(self, index: usize) -> ApiError {
        ApiError {
            request: Some(index),
            ..self
        }
    }

    /// The document, with a line end.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        json::to_vec(self)
    }
}

impl From<&Error> for ApiError {
    fn from(error: &Error) -> ApiError {
        let conflict = |text| ApiError {
            holder: error.holder().cloned().map(Box::new),
            ..ApiError::new(StatusCode::CONFLICT, text)
        };
        match error {
            Error::PortTaken { holder, .. } => ApiError {
                contested: Some(holder.port),
                ..conflict("port already allocated")
            },
            Error::ServiceTaken { .. } | Error::OtherCheckout { .. } => {
                conflict("service already allocated")
            }
            Error::PortInUse { port, .. } => ApiError {
                contested: Some(*port),
                ..conflict("port in use on system")
            },
            Error::NotFound { .. } => ApiError::unknown_allocation(),
            Error::EmptyFilter => {
                ApiError::bad_request("at least one filter is required for delete")
            }
            Error::NoFreePort { .. } => {
                ApiError::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
            }
            Error::Busy { .. } => ApiError::busy(),
            // The store's own faults, and what a system says that has run out of something.
            _ => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        ApiError::from(&error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, refusal.to_string())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header(ContentType::json());
        if let Some(allow) = self.allow {
            response.insert_header((header::ALLOW, allow));
        }
        // The connection is of no more use.
        if self.status == StatusCode::REQUEST_TIMEOUT
            || self.status == StatusCode::PAYLOAD_TOO_LARGE
        {
            response.force_close();
        }
        response.body(self.to_json())
    }
}
