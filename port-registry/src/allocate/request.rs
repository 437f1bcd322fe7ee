//! The requests to the registry, and its answers.

use std::path::{self, Path};

use thiserror::Error;

use crate::allocation::{Allocation, AllocationId, Filter};
use crate::port::Port;
use crate::service_key::ServiceKey;
use crate::timestamp::Timestamp;

/// The greatest length of the path of a checkout that can be recorded, in bytes: Linux opens none that is
/// longer (`PATH_MAX`, path\_resolution(7)).
pub const MAX_DIR_LEN: usize = 4096;

/// The path of a checkout that cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DirError {
    /// There is none.
    #[error("dir must not be empty")]
    Empty,
    /// It is relative, and the current folder cannot be told.
    #[error("dir is relative to the current folder, which cannot be told")]
    NoCurrentFolder,
    /// It is not UTF-8, and could not be told from others that are not either.
    #[error("dir must be UTF-8")]
    NotUtf8,
    /// It has a null character in it, which no path has.
    #[error("dir must not contain a null character")]
    Null,
    /// It is longer than [`MAX_DIR_LEN`].
    #[error("dir must be at most {MAX_DIR_LEN} bytes long")]
    TooLong,
}

/// A service's wish for a port.
///
/// ```
/// use port_registry::{Claim, Port, ServiceKey};
///
/// let key = ServiceKey::new("shop", "main", "web")?;
/// let any_port = Claim::new(key.clone());
/// let this_port = Claim::new(key).port(Port::new(8080)?).dir("/home/me/shop")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Claim {
    /// The service that wants the port.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub(crate) key: ServiceKey,
    /// The port wanted, or `None` for the best one that is free.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub(crate) port: Option<Port>,
    /// The root of the checkout that the service belongs to: absolute.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub(crate) dir: Option<String>,
    /// When the port was allocated elsewhere, or `None` for now.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub(crate) created_at: Option<Timestamp>,
    /// The choice for a wanted port that something listens on already.
    #[cfg_attr(feature = "serde", serde(rename = "adopt"))]
    pub(crate) listener: ListenerPolicy,
}

/// The choices for a claim on a port that something listens on already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ListenerPolicy {
    /// Fail with [`PortInUse`](crate::Error::PortInUse).
    #[default]
    Refuse,
    /// Take the port all the same: what listens is the service itself.
    Adopt,
}

#[cfg(feature = "serde")]
impl serde::Serialize for ListenerPolicy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self == ListenerPolicy::Adopt)
    }
}

impl Claim {
    /// A claim on any port.
    pub fn new(key: ServiceKey) -> Claim {
        Claim {
            key,
            port: None,
            dir: None,
            created_at: None,
            listener: ListenerPolicy::default(),
        }
    }

    /// A claim on this port and no other.
    #[must_use]
    pub fn port(self, port: Port) -> Claim {
        Claim {
            port: Some(port),
            ..self
        }
    }

    /// Records the checkout the service belongs to, by the path of its root. A relative path is taken
    /// from the current folder.
    ///
    /// # Errors
    ///
    /// [`DirError`] when no such path can be kept, or told from others.
    pub fn dir(self, dir: impl AsRef<Path>) -> Result<Claim, DirError> {
        let dir = dir.as_ref();
        if dir.as_os_str().is_empty() {
            return Err(DirError::Empty);
        }
        let dir = path::absolute(dir).map_err(|_| DirError::NoCurrentFolder)?;
        let dir = dir.into_os_string().into_string();
        let dir = dir.map_err(|_| DirError::NotUtf8)?;
        if dir.contains('\0') {
            return Err(DirError::Null);
        }
        if dir.len() > MAX_DIR_LEN {
            return Err(DirError::TooLong);
        }
        let dir = Some(dir);
        Ok(Claim { dir, ..self })
    }

    /// Records that the port was allocated at this time, in another registry whose allocations are
    /// taken over. Of a service that has its port already it changes nothing.
    #[must_use]
    pub fn created_at(self, time: Timestamp) -> Claim {
        Claim {
            created_at: Some(time),
            ..self
        }
    }

    /// The service that wants the port.
    pub fn key(&self) -> &ServiceKey {
        &self.key
    }

    /// The port that is claimed, if it is a certain one.
    pub fn wanted_port(&self) -> Option<Port> {
        self.port
    }

    /// The checkout that is recorded, if one is.
    pub fn checkout(&self) -> Option<&str> {
        self.dir.as_deref()
    }

    /// Takes the port even if something listens on it: the service is running already. Without a
    /// [certain port](Self::port) it has no effect.
    #[must_use]
    pub fn adopt(self) -> Claim {
        Claim {
            listener: ListenerPolicy::Adopt,
            ..self
        }
    }
}

/// One of the requests of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Give the service a port; fail if it has one.
    Allocate(Claim),
    /// Give the service the port it has, or a new one.
    GetOrAllocate(Claim),
    /// Free the port of the allocation with this id.
    Release(AllocationId),
    /// Free the ports of all allocations that match.
    ReleaseMatching(Filter),
}

/// The result of a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The service holds a port that it did not hold before.
    Allocated(Allocation),
    /// The service held a port already.
    Existing(Allocation),
    /// These allocations are gone, in the order of their ids.
    Released(Vec<Allocation>),
}

impl Answer {
    /// Returns the allocation that the service holds now, or `None` for a release.
    pub fn into_allocation(self) -> Option<Allocation> {
        match self {
            Answer::Allocated(allocation) | Answer::Existing(allocation) => Some(allocation),
            Answer::Released(_) => None,
        }
    }
}

/// The behaviour of a batch when one of its requests fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// The others take effect.
    Each,
    /// None takes effect. The holder that an error names may be an allocation that an earlier request of
    /// the batch would have got. No allocation has its id then.
    AllOrNothing,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Claim, DirError, MAX_DIR_LEN};
    use crate::service_key::ServiceKey;

    fn recorded(dir: impl AsRef<Path>) -> Result<String, DirError> {
        let claim = Claim::new(ServiceKey::new("shop", "main", "web").unwrap());
        let claim = claim.dir(dir)?;
        Ok(claim.checkout().unwrap().to_owned())
    }

    #[test]
    fn a_checkout_is_recorded_by_its_absolute_path() {
        let here = std::env::current_dir().unwrap();
        let inside = here.join("shop").to_str().unwrap().to_owned();
        assert_eq!(recorded("shop"), Ok(inside.clone()));
        assert_eq!(recorded(&inside), Ok(inside));
    }

    #[test]
    fn a_path_that_cannot_be_told_from_others_is_refused() {
        assert_eq!(recorded(""), Err(DirError::Empty));
        assert_eq!(recorded("/a\0b"), Err(DirError::Null));
        let longest = format!("/{}", "x".repeat(MAX_DIR_LEN - 1));
        assert!(recorded(&longest).is_ok());
        assert_eq!(recorded(longest + "x"), Err(DirError::TooLong));
        #[cfg(unix)]
        {
            use std::ffi::OsStr;
            use std::os::unix::ffi::OsStrExt;
            let latin_1 = Path::new(OsStr::from_bytes(b"/caf\xe9"));
            assert_eq!(recorded(latin_1), Err(DirError::NotUtf8));
        }
    }
}
