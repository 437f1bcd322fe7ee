//! Moves: an allocation's request for another port.

use crate::types::allocation_id::AllocationId;
use crate::types::claim::ListenerPolicy;
use crate::types::port::Port;

/// A move of a service to another port.
///
/// ```
/// use port_registry::{AllocationId, Move, Port};
///
/// let id = AllocationId::new(7)?;
/// let any_other_port = Move::new(id);
/// let best_this_port = Move::new(id).with_prefer(Port::new(8080)?);
/// let this_port = Move::new(id).with_port(Port::new(8080)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Move {
    id: AllocationId,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    port: Option<Port>,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    prefer: Option<Port>,
    #[cfg_attr(feature = "serde", serde(rename = "adopt"))]
    listener_policy: ListenerPolicy,
}

impl Move {
    /// Makes a move of the service with this allocation to any other port.
    pub fn new(id: AllocationId) -> Move {
        Move {
            id,
            port: None,
            prefer: None,
            listener_policy: ListenerPolicy::default(),
        }
    }

    /// Moves the service to this port and no other.
    #[must_use]
    pub fn with_port(self, port: Port) -> Move {
        Move {
            port: Some(port),
            ..self
        }
    }

    /// Moves the service to this port if it is available, and otherwise leaves the service where it is.
    ///
    /// The port has to be available as for [`Claim::with_prefer`](crate::Claim::with_prefer). The service keeps its own
    /// port otherwise, because a third port would be no better. A preference has no effect on a move
    /// [with a port](Self::with_port).
    #[must_use]
    pub fn with_prefer(self, port: Port) -> Move {
        Move {
            prefer: Some(port),
            ..self
        }
    }

    /// Chooses the treatment of a port that a process listens on already. It has no effect on a move to
    /// [any other port](Self::new), which only takes a port that is not in use.
    #[must_use]
    pub fn with_listener_policy(self, listener_policy: ListenerPolicy) -> Move {
        Move {
            listener_policy,
            ..self
        }
    }

    /// Returns the id of the allocation that the service has before the move.
    pub fn id(&self) -> AllocationId {
        self.id
    }

    /// Returns the new port, or `None` if the move does not name it.
    pub fn port(&self) -> Option<Port> {
        self.port
    }

    /// Returns the preferred port, or `None` if no port is preferred.
    pub fn prefer(&self) -> Option<Port> {
        self.prefer
    }

    /// Returns the treatment of a port that a process listens on already.
    pub fn listener_policy(&self) -> ListenerPolicy {
        self.listener_policy
    }
}
