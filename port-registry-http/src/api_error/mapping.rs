//! Maps the library's errors to responses.

use port_registry::Error;
use port_registry::daemon::api::ErrorCode;
use port_registry::daemon::full_message;

use super::response::ApiError;

impl From<&Error> for ApiError {
    fn from(error: &Error) -> ApiError {
        let message = match error {
            Error::PortTaken { .. } => "port already allocated",
            Error::ServiceTaken { .. } | Error::OtherCheckout { .. } => "service already allocated",
            Error::PortInUse { .. } => "port in use on system",
            Error::NotFound { .. } => "allocation not found",
            Error::EmptyFilter => "at least one filter is required for delete",
            Error::Busy { .. } => "registry is busy",
            other => &full_message(other),
        };
        let response =
            ApiError::new(ErrorCode::from(error), message).with_holder(error.holder().cloned());
        match error {
            Error::PortTaken { holder, .. } => response.with_contested_port(holder.port),
            Error::PortInUse { port, .. } => response.with_contested_port(*port),
            _ => response,
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        ApiError::from(&error)
    }
}
