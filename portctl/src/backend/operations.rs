//! The one interface to a registry, which both backends implement.

use port_registry::{Allocation, AllocationId, Claim, Filter, Port, PortStatus};

use super::fault::Fault;

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
