//! The interface to a registry that both backends implement.

use port_registry::{
    Allocation, AllocationId, AllocationStatus, Claim, Filter, Move, Port, PortStatus, ServiceKey,
};

use super::error::BackendError;

/// The operations on a registry, in process or through a daemon.
pub(crate) trait Backend {
    /// Allocates a port to each of several services that have none. If one of them fails, no service gets one.
    fn allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Allocation>, BackendError>;

    /// Returns the port of each service, and allocates those that are missing. If one of them fails, nothing is
    /// allocated.
    fn get_or_allocate(&self, claims: &[&Claim]) -> Result<BatchOutcome<Claimed>, BackendError>;

    /// Gives a service another port, and returns its allocation.
    fn move_service(&self, wanted: &Move) -> Result<Allocation, BackendError>;

    /// Releases an allocation.
    fn release(&self, id: AllocationId) -> Result<Allocation, BackendError>;

    /// Releases these allocations. If one of them does not exist, none is released.
    fn release_all(&self, ids: &[AllocationId]) -> Result<BatchOutcome<()>, BackendError>;

    /// Lists the allocations that match, ordered by id.
    fn list(&self, filter: &Filter) -> Result<Vec<Allocation>, BackendError>;

    /// Lists the allocations of the app and the instance of a key.
    fn list_instance_of(&self, key: &ServiceKey) -> Result<Vec<Allocation>, BackendError> {
        let filter = Filter::new();
        self.list(&filter.with_app(key.app()).with_instance(key.instance()))
    }

    /// Returns the status of each of these allocations, in their order, from one look at the system. Those that have been
    /// released meanwhile may be missing.
    fn status(&self, allocations: Vec<Allocation>) -> Result<Vec<AllocationStatus>, BackendError>;

    /// Checks if a port is available, and finds its holder if it is allocated.
    fn check(&self, port: Port) -> Result<PortStatus, BackendError>;
}

/// All answers of a batch, in the order of its items; or the errors of the items that failed, at least one. After an
/// error nothing has changed.
pub(crate) type BatchOutcome<T> = Result<Vec<T>, Vec<ItemError>>;

/// The error of one item of a batch.
#[derive(Debug)]
pub(crate) struct ItemError {
    /// The position of the item, counted from 0.
    pub(crate) index: usize,
    pub(crate) error: BackendError,
}

/// The answer to a claim.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) allocation: Allocation,
    pub(crate) is_new: bool,
}
