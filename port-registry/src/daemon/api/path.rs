//! The paths of the API.

use crate::types::allocation_id::AllocationId;
use crate::types::port::Port;

/// The web page, for people.
pub const PAGE: &str = "/";
/// The state of the store: [`Health`](super::Health).
pub const HEALTH: &str = "/healthz";
/// The description of the API.
pub const OPENAPI: &str = "/openapi.json";
/// All allocations.
pub const ALLOCATIONS: &str = "/v1/allocations";
/// Several requests to [`ALLOCATIONS`] that take effect together: [`Batch`](super::Batch).
pub const BATCH: &str = "/v1/batch";
/// The daemon that answers: [`DaemonInfo`](crate::daemon::DaemonInfo).
pub const DAEMON: &str = "/v1/daemon";
/// All allocations, with what listens on their ports: [`AllocationStatus`](crate::AllocationStatus).
pub const STATUS: &str = "/v1/status";
/// All ports.
pub const PORTS: &str = "/v1/ports";

/// Returns the path of an allocation.
pub fn allocation(id: AllocationId) -> String {
    format!("{ALLOCATIONS}/{id}")
}

/// Returns the path of a port: [`PortStatus`](crate::PortStatus).
pub fn port(port: Port) -> String {
    format!("{PORTS}/{port}")
}
