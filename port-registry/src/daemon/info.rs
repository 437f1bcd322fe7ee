//! The identity of a daemon and its description.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
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
    /// The bytes of the path in hexadecimal, if it is not UTF-8. Other paths have the same `store`.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub store_hex: Option<String>,
    /// The range for claims without a port, as a [`PortRange`](crate::PortRange) displays.
    pub range: String,
    /// The users that the daemon serves besides its own and root, as its flag `--allow-users` takes them. `None` stands for
    /// no others.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub allow_users: Option<String>,
    /// The daemon also answers to the names by which containers reach their host, as with its flag `--container`.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "std::ops::Not::not")
    )]
    pub container: bool,
    /// The service manager that started it as a service.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub supervisor: Option<Supervisor>,
}

impl DaemonInfo {
    /// Describes a daemon of this registry without a service manager and without flags.
    pub fn new(identity: Identity, registry: &Registry) -> DaemonInfo {
        DaemonInfo {
            version: identity.version,
            pid: identity.pid,
            store: registry.path().to_string_lossy().into_owned(),
            store_hex: hex_unless_text(registry.path()),
            range: registry.range().to_string(),
            allow_users: None,
            container: false,
            supervisor: None,
        }
    }

    /// Returns the registry's file.
    pub fn store_path(&self) -> PathBuf {
        let path = self.store_hex.as_deref().and_then(path_of_hex);
        // Where it cannot be decoded, U+FFFD keeps it from being taken for another file.
        path.unwrap_or_else(|| PathBuf::from(&self.store))
    }
}

/// Returns the bytes of a path that is not UTF-8.
fn hex_unless_text(path: &Path) -> Option<String> {
    if path.to_str().is_some() {
        return None;
    }
    let mut hex = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}

/// Returns the path with these bytes, on systems whose paths are bytes.
#[cfg(unix)]
fn path_of_hex(hex: &str) -> Option<PathBuf> {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let digits = hex.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    Some(OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_of_hex(_: &str) -> Option<PathBuf> {
    None
}

// Other systems reject such file names.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::{DaemonInfo, Identity};
    use crate::registry::Registry;

    #[test]
    fn any_path_of_a_registry_is_told_exactly() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            &b"a.redb"[..],
            "\u{fffd}".as_bytes(),
            b"\xff",
            b"\xfe",
            b"a\xc3\n",
        ] {
            let path = folder.path().join(OsStr::from_bytes(name));
            let registry = Registry::builder().with_path(&path).open().unwrap();
            let info = DaemonInfo::new(Identity::new("1", 1), &registry);
            assert_eq!(info.store_path(), registry.path());
            assert_eq!(info.store_hex.is_some(), str::from_utf8(name).is_err());
        }
    }
}
