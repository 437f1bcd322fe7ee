//! The status of an allocation.

use std::fmt;

use crate::types::allocation::Allocation;
use crate::types::port::Port;
use crate::usage::listener::Listener;

/// An allocation, its state, and the process that listens on its port.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct AllocationStatus {
    /// The allocation.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub allocation: Allocation,
    /// The state of the service.
    pub state: ServiceState,
    /// The URL of the service, for one that speaks HTTP: `http://localhost:3000`.
    pub url: String,
    /// The process that listens on the port.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub listener: Option<Listener>,
    /// The processes of the checkout that listen only on ports which are not allocated to it. One of them may be the
    /// service, on the wrong port. Empty if something listens on the service's port.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Vec::is_empty")
    )]
    pub elsewhere: Vec<StrayListener>,
}

/// A listener of a checkout on a port that is not allocated to the checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct StrayListener {
    /// The port.
    pub port: Port,
    /// The allocation that holds the port, of another checkout.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub holder: Option<Allocation>,
    /// The process that listens there.
    pub listener: Listener,
}

/// The state of a service, by the process that listens on its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ServiceState {
    /// A process of the service's checkout listens.
    #[cfg_attr(feature = "serde", serde(rename = "up"))]
    Up,
    /// A process of another checkout listens.
    #[cfg_attr(feature = "serde", serde(rename = "foreign"))]
    Foreign,
    /// Nothing listens. This includes a port that the kernel only forwards, for example to a container, because no
    /// connection is tried. [`Registry::check`](crate::Registry::check) tries one.
    #[cfg_attr(feature = "serde", serde(rename = "down"))]
    Down,
    /// Something listens and its checkout is unknown, or the system does not tell if something listens.
    #[cfg_attr(feature = "serde", serde(rename = "up?", other))]
    Unknown,
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ServiceState::Up => "up",
            ServiceState::Foreign => "foreign",
            ServiceState::Down => "down",
            ServiceState::Unknown => "up?",
        })
    }
}

impl AllocationStatus {
    /// Makes the status of a service whose port has this listener.
    #[cfg(feature = "listeners")]
    pub(crate) fn new(
        allocation: Allocation,
        state: ServiceState,
        listener: Option<Listener>,
    ) -> AllocationStatus {
        AllocationStatus {
            url: allocation.port.url(),
            allocation,
            state,
            listener,
            elsewhere: Vec::new(),
        }
    }
}
