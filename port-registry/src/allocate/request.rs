//! Requests to the registry, and the answers to them.

use crate::types::allocation::Allocation;
use crate::types::allocation_id::AllocationId;
use crate::types::claim::Claim;
use crate::types::filter::Filter;
use crate::types::service_key::ServiceKey;
use crate::types::service_move::Move;

/// A request in a batch for [`Registry::apply`](crate::Registry::apply).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Allocates a port to the service. Fails if it holds one.
    Allocate(Claim),
    /// Returns the port that the service holds, or allocates one.
    GetOrAllocate(Claim),
    /// Gives a service another port. Fails if there is no allocation with the id.
    Move(Move),
    /// Releases the allocation with this id. Fails if there is none.
    Release(AllocationId),
    /// Releases the allocation of this service, if there is one.
    ReleaseByKey(ServiceKey),
    /// Releases all allocations that match.
    ReleaseMatching(Filter),
}

/// The answer to a successful [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The service holds a new port.
    Allocated(Allocation),
    /// The service held this port already.
    Existing(Allocation),
    /// The service holds this port instead of another one. It is a new allocation.
    Moved(Allocation),
    /// These allocations were released. They are ordered by id.
    Released(Vec<Allocation>),
}

impl Answer {
    /// Returns the allocation that the service holds now, or `None` for a release.
    pub fn into_allocation(self) -> Option<Allocation> {
        match self {
            Answer::Allocated(allocation)
            | Answer::Existing(allocation)
            | Answer::Moved(allocation) => Some(allocation),
            Answer::Released(_) => None,
        }
    }
}

/// The behaviour of a batch if one of its requests fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// The other requests take effect.
    Each,
    /// No request takes effect. The holder in an error may be an allocation that an earlier request of the batch
    /// would have got; its id is not in use.
    AllOrNothing,
}
