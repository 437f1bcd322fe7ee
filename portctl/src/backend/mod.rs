//! The registry as commands see it: opened by this process, or behind a daemon that was named.

mod batch;
#[cfg(test)]
pub(crate) mod canned;
mod client;
mod fault;
mod in_process;
mod operations;
mod remote;

use port_registry::Builder;

pub(crate) use self::batch::submit;
pub(crate) use self::client::{Client, ClientError};
pub(crate) use self::fault::Fault;
use self::in_process::InProcess;
pub(crate) use self::operations::{Backend, ItemFault};
use self::remote::Remote;
use crate::address::Address;
use crate::environment;

/// Opens the registry: through the daemon that the environment names, or else its file.
///
/// A named daemon is the only way to the registry. Never fall back to the file if it does not answer.
pub(crate) fn open() -> Result<Box<dyn Backend>, Fault> {
    match environment::address()? {
        Some(address) => connect(address),
        None => Ok(Box::new(InProcess::open(Builder::from_env()?)?)),
    }
}

/// Opens the registry of the daemon at an address.
pub(crate) fn connect(address: Address) -> Result<Box<dyn Backend>, Fault> {
    Ok(Box::new(Remote::connect(address)?))
}
