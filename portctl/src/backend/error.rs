//! Errors of a backend.

use port_registry::daemon::api::ErrorCode;
use port_registry::{Allocation, Error};
use thiserror::Error as ThisError;

use super::client::ClientError;
use crate::environment::InvalidAddress;

/// The reason why an operation on the registry failed.
#[derive(Debug, ThisError)]
pub(crate) enum BackendError {
    /// The registry's own error, through either backend.
    #[error(transparent)]
    Registry(#[from] Error),
    /// Another error that the daemon reports.
    #[error("{error}")]
    Refused { code: ErrorCode, error: String },
    /// The environment names a daemon by an invalid address.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// The daemon cannot be reached.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The daemon got a request that changes something, and its response is missing or not understood.
    #[error("{0}; the request may have taken effect")]
    Lost(ClientError),
}

impl BackendError {
    /// The allocation that a claim conflicts with.
    pub(crate) fn holder(&self) -> Option<&Allocation> {
        match self {
            BackendError::Registry(error) => error.holder(),
            _ => None,
        }
    }
}
