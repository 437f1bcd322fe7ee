//! Failures of the store.

use std::io;

use thiserror::Error;

/// A failure of the store, such as an I/O error.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct StoreError(StoreErrorKind);

/// Keeps the storage engine's own error types out of the public API.
#[derive(Debug, Error)]
enum StoreErrorKind {
    #[error(transparent)]
    Io(io::Error),
    #[error(transparent)]
    Engine(Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    pub(crate) fn from_io(error: io::Error) -> StoreError {
        StoreError(StoreErrorKind::Io(error))
    }

    pub(crate) fn from_engine(
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StoreError {
        StoreError(StoreErrorKind::Engine(error.into()))
    }

    /// Returns the I/O error behind the failure, or `None` for failures of another kind.
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.0 {
            StoreErrorKind::Io(error) => Some(error),
            StoreErrorKind::Engine(_) => None,
        }
    }
}
