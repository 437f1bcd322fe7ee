//! The registry as commands see it: opened by this process, or behind a daemon that was named.

mod client;
mod in_process;
mod remote;

use std::path::Path;

use port_registry::{Allocation, AllocationId, Builder, Claim, Error, Filter, Port, PortStatus};
use thiserror::Error as ThisError;

pub(crate) use self::client::{Client, ClientError};
use self::in_process::InProcess;
use self::remote::Remote;
use crate::address::Address;

/// The operations on a registry.
pub(crate) trait Backend {
    /// Gives a port to a service that has none.
    fn allocate(&self, claim: &Claim) -> Result<Allocation, Fault>;

    /// Gives each service the port that it has, or else a new one; if one of them fails, no service
    /// gets any.
    fn get_or_allocate(&self, claims: &[Claim]) -> Result<Vec<Allocation>, Fault>;

    /// Frees the port of one allocation.
    fn release(&self, id: AllocationId) -> Result<Allocation, Fault>;

    /// Frees the ports of these allocations, or of none if one of them is not there.
    fn release_all(&self, ids: &[AllocationId]) -> Result<(), Fault>;

    /// Frees the ports of all allocations that match.
    fn release_matching(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// The allocations that match, by id.
    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, Fault>;

    /// Tells if a port is available, and who has it if not.
    fn check(&self, port: Port) -> Result<PortStatus, Fault>;
}

/// Why the registry did not do what it was asked to.
#[derive(Debug, ThisError)]
pub(crate) enum Fault {
    /// The registry says so.
    #[error("{0}")]
    Registry(#[from] Error),
    /// The daemon says so, of what only it can know.
    #[error("{0}")]
    Daemon(String),
    /// The daemon says that others keep its store to themselves.
    #[error("{0}")]
    Busy(String),
    /// The daemon says that it did nothing, for a reason of its own.
    #[error("{0}")]
    Undone(String),
    /// The daemon says that it did nothing, since it was asked for too much at once.
    #[error("{0}")]
    TooMuch(String),
    /// The daemon cannot be asked.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The daemon was asked, and what became of it is not known.
    #[error("{0}; it is not known whether the request took effect")]
    Lost(ClientError),
}

impl Fault {
    /// The same; if the service belongs to another checkout than the one that claims it, then that.
    pub(crate) fn of_other_checkout(self, claim: &Claim) -> Fault {
        match (self, claim.checkout()) {
            (Fault::Registry(Error::ServiceTaken { holder }), Some(wanted))
                if holder.belongs_to_other_checkout(Path::new(wanted)) =>
            {
                let wanted = wanted.to_owned();
                Fault::Registry(Error::OtherCheckout { holder, wanted })
            }
            (fault, _) => fault,
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
