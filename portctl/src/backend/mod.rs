//! The registry as commands see it: opened by this process, or behind a daemon that was named.

mod client;
mod in_process;
mod remote;

use port_registry::daemon::api::ErrorCode;
use port_registry::{Allocation, AllocationId, Builder, Claim, Error, Filter, Port, PortStatus};
use thiserror::Error as ThisError;

pub(crate) use self::client::{Client, ClientError};
use self::in_process::InProcess;
use self::remote::Remote;
use crate::address::Address;

/// The operations on a registry.
pub(crate) trait Backend {
    /// Gives a port to each of several services that have none, or to none of them.
    fn allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Allocation>, Fault>;

    /// Gives each service the port that it has, or else a new one. If one of them fails, no service gets
    /// any.
    fn get_or_allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Claimed>, Fault>;

    /// Frees the port of one allocation.
    fn release(&self, id: AllocationId) -> Result<Allocation, Fault>;

    /// Frees the ports of these allocations, or of none if one of them does not exist.
    fn release_all(&self, ids: &[AllocationId]) -> Result<BatchOutcome<()>, Fault>;

    /// Frees the ports of all allocations that match.
    fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// Lists the allocations that match, by id.
    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// Tells if a port is available, and who has it if not.
    fn check(&self, port: Port) -> Result<PortStatus, Fault>;
}

/// All answers of a batch, in the order of its items; or the faults of the items that failed by themselves,
/// of which there is at least one. Nothing was changed then.
pub(crate) type BatchOutcome<T> = Result<Vec<T>, Vec<ItemFault>>;

/// The fault of one item of a batch.
#[derive(Debug)]
pub(crate) struct ItemFault {
    /// The position of the item, counted from 0.
    pub(crate) index: usize,
    pub(crate) fault: Fault,
}

/// The answer to a claim.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) allocation: Allocation,
    pub(crate) is_new: bool,
}

/// The reason why the registry did not do what it was asked for.
#[derive(Debug, ThisError)]
pub(crate) enum Fault {
    /// The registry's own error, whichever backend it came through.
    #[error("{0}")]
    Registry(#[from] Error),
    /// Another error that the daemon reports.
    #[error("{error}")]
    Refused { code: ErrorCode, error: String },
    /// The daemon cannot be asked.
    #[error("{0}")]
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

/// Opens the registry. A daemon that was named is the only way to it; otherwise this process opens the
/// file.
pub(crate) fn open(named: Option<Address>) -> Result<Box<dyn Backend>, Fault> {
    Ok(match named {
        Some(address) => Box::new(Remote::connect(address)?),
        None => Box::new(InProcess::open(Builder::from_env()?)?),
    })
}
