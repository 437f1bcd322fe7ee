//! Faults of a registry.

use port_registry::daemon::api::ErrorCode;
use port_registry::{Allocation, Error};
use thiserror::Error as ThisError;

use super::client::ClientError;
use crate::environment::InvalidAddress;

/// The reason why the registry did not do what it was asked for.
#[derive(Debug, ThisError)]
pub(crate) enum Fault {
    /// The registry's own error, whichever backend it came through.
    #[error(transparent)]
    Registry(#[from] Error),
    /// Another error that the daemon reports.
    #[error("{error}")]
    Refused { code: ErrorCode, error: String },
    /// The environment names a daemon by something that is not an address.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// The daemon cannot be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The daemon was asked to change something, and did not say if it did.
    #[error("{0}; it is not known whether the request took effect")]
    Lost(ClientError),
}

impl Fault {
    /// The allocation that a claim conflicts with.
    pub(crate) fn holder(&self) -> Option<&Allocation> {
        match self {
            Fault::Registry(error) => error.holder(),
            _ => None,
        }
    }
}
