//! The registry as commands see it: opened by this process, or behind a daemon that was named.

#[cfg(test)]
pub(crate) mod canned;
mod client;
mod fault;
mod in_process;
mod operations;
mod remote;

use port_registry::Builder;

pub(crate) use self::client::{Client, ClientError};
pub(crate) use self::fault::Fault;
use self::in_process::InProcess;
pub(crate) use self::operations::{Backend, BatchOutcome, ItemFault};
use self::remote::Remote;
use crate::address::Address;

/// Opens the registry. A daemon that was named is the only way to it; otherwise this process opens the
/// file.
pub(crate) fn open(named: Option<Address>) -> Result<Box<dyn Backend>, Fault> {
    Ok(match named {
        Some(address) => Box::new(Remote::connect(address)?),
        None => Box::new(InProcess::open(Builder::from_env()?)?),
    })
}
