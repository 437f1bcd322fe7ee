//! The status of a port.

use crate::system::listener::Listener;
use crate::types::allocation::Allocation;
use crate::types::port::Port;

/// The status of a port: its holder in the registry and its listener on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PortStatus {
    /// The port.
    pub port: Port,
    /// `true` if the port has neither a holder nor a listener. A claim on it succeeds then, if nothing changes before.
    /// This user may still lack the permission to bind it.
    pub available: bool,
    /// The allocation that holds the port.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub holder: Option<Allocation>,
    /// The process that has the port open now.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub listener: Option<Listener>,
}

impl PortStatus {
    /// Makes a status. The port is available if it has neither a holder nor a listener.
    pub(crate) fn new(
        port: Port,
        holder: Option<Allocation>,
        listener: Option<Listener>,
    ) -> PortStatus {
        PortStatus {
            port,
            available: holder.is_none() && listener.is_none(),
            holder,
            listener,
        }
    }
}
