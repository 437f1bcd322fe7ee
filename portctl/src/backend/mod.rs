//! The registry: its file, or a daemon that the environment names.

mod batch;
#[cfg(test)]
pub(crate) mod canned;
mod client;
mod connection;
mod error;
mod in_process;
mod operations;
mod remote;

use port_registry::Builder;

pub(crate) use self::batch::submit;
pub(crate) use self::client::{Client, ClientError};
pub(crate) use self::connection::SocketProblem;
pub(crate) use self::error::BackendError;
use self::in_process::InProcess;
pub(crate) use self::operations::{Backend, BatchOutcome, Claimed, ItemError};
use self::remote::Remote;
use crate::address::Address;
use crate::environment;

/// Opens the registry: through the daemon that the environment names, or else its file.
///
/// A named daemon is the only way to the registry. Never fall back to the file if it does not answer.
pub(crate) fn open() -> Result<Box<dyn Backend>, BackendError> {
    match environment::address()? {
        Some(address) => connect(address),
        None => Ok(Box::new(InProcess::open(Builder::from_env()?)?)),
    }
}

/// Opens the registry of the daemon at an address.
pub(crate) fn connect(address: Address) -> Result<Box<dyn Backend>, BackendError> {
    Ok(Box::new(Remote::connect(address)?))
}

/// Opens a registry with settings of a test.
#[cfg(test)]
pub(crate) fn open_with(registry: Builder) -> Result<Box<dyn Backend>, BackendError> {
    Ok(Box::new(InProcess::open(registry)?))
}
