//! The status of a port.

use crate::types::allocation::Allocation;
use crate::types::port::Port;
use crate::usage::port_use::PortUse;

/// The status of a port: its holder in the registry and its use on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PortStatus {
    /// The port.
    pub port: Port,
    /// `true` if the port is neither allocated nor in use. A claim on it succeeds then, if nothing changes before.
    /// This user may still lack the permission to bind it.
    pub available: bool,
    /// The allocation that holds the port.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub holder: Option<Allocation>,
    /// The use of the port on this machine, or `None` if it is not in use.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub in_use: Option<PortUse>,
}

impl PortStatus {
    /// Makes a status. The port is available if it is neither allocated nor in use.
    pub(crate) fn new(
        port: Port,
        holder: Option<Allocation>,
        in_use: Option<PortUse>,
    ) -> PortStatus {
        PortStatus {
            port,
            available: holder.is_none() && in_use.is_none(),
            holder,
            in_use,
        }
    }

    /// Returns the use of the port if a server may be reached there.
    pub fn served(&self) -> Option<&PortUse> {
        self.in_use.as_ref().filter(|it| it.usage.may_listen())
    }
}
