//! The identity of a daemon and its description.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::supervisor::Supervisor;
use crate::registry::Registry;

/// The identity of a daemon: `<version>; pid=<pid>`.
///
/// ```
/// use port_registry::daemon::Identity;
///
/// let identity: Identity = "0.1.0; pid=4711".parse()?;
/// assert_eq!(identity.pid, 4711);
/// assert_eq!(identity.to_string(), "0.1.0; pid=4711");
/// # Ok::<(), port_registry::daemon::IdentityError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The daemon's version.
    pub version: String,
    /// The number of its process.
    pub pid: u32,
}

impl Identity {
    /// Makes an identity.
    pub fn new(version: impl Into<String>, pid: u32) -> Identity {
        Identity {
            version: version.into(),
            pid,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; pid={}", self.version, self.pid)
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Identity, IdentityError> {
        let parse = || {
            let (version, pid) = text.split_once("; pid=")?;
            let version = (!version.is_empty()).then(|| version.to_owned())?;
            let pid = pid.parse().ok()?;
            Some(Identity { version, pid })
        };
        parse().ok_or(IdentityError(()))
    }
}

/// The error for a text that is not an [`Identity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an identity is written like 0.1.0; pid=4711")]
pub struct IdentityError(());

/// The description of a daemon and its registry, in the answer to `GET /v1/daemon`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DaemonInfo {
    /// The daemon's version.
    pub version: String,
    /// The number of its process.
    pub pid: u32,
    /// The registry's file. Invalid UTF-8 in its path is replaced by U+FFFD.
    pub store: String,
    /// The range for claims without a port, as a [`PortRange`](crate::PortRange) displays.
    pub range: String,
    /// The service manager that started it as a service.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub supervisor: Option<Supervisor>,
}

impl DaemonInfo {
    /// Describes a daemon of this registry without a service manager.
    pub fn new(identity: Identity, registry: &Registry) -> DaemonInfo {
        DaemonInfo {
            version: identity.version,
            pid: identity.pid,
            store: registry.path().to_string_lossy().into_owned(),
            range: registry.range().to_string(),
            supervisor: None,
        }
    }
}
