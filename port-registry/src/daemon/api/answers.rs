//! The bodies of other answers.

use serde::{Deserialize, Serialize};

use crate::types::allocation::Allocation;
use crate::types::port_status::PortStatus;

/// The answer to a claim or a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The allocation that the service has now.
    #[serde(flatten)]
    pub allocation: Allocation,
    /// The status of the port that the request preferred, if the request decided on a port and it was another one. Left
    /// out in batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred: Option<PortStatus>,
}

/// The answer to a deletion by a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// The number of allocations that were released.
    pub deleted: usize,
}

/// The answer to a deletion by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Always `deleted`.
    pub status: ReleaseStatus,
}

/// The outcome of a deletion by id that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseStatus {
    /// The allocation was released.
    Deleted,
}

/// The answer to `GET` [`path::HEALTH`](super::path::HEALTH).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok` or `error`.
    pub status: HealthStatus,
    /// The reason why the store does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The state of a daemon's store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// The store can be read, and the last write succeeded.
    Ok,
    /// The store cannot be read, or the last write failed.
    Error,
}
