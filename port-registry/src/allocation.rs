//! What the registry holds and says.

use std::fmt;
use std::num::NonZeroU64;
use std::path::Path;
use std::str::FromStr;

use thiserror::Error;

use crate::checkout::compare::{self, Recorded};
use crate::port::Port;
use crate::service_key::ServiceKey;
use crate::system::listener::Listener;
use crate::timestamp::Timestamp;

/// The id of an allocation: from 1 to [`u64::MAX`], growing by one, never given twice. (The API takes ids
/// up to [`i64::MAX`].)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct AllocationId(NonZeroU64);

impl AllocationId {
    /// Makes an id of a number.
    ///
    /// # Errors
    ///
    /// [`AllocationIdError`] for 0.
    pub fn new(number: u64) -> Result<AllocationId, AllocationIdError> {
        NonZeroU64::new(number)
            .map(AllocationId)
            .ok_or(AllocationIdError(()))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for AllocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u64> for AllocationId {
    type Error = AllocationIdError;

    fn try_from(number: u64) -> Result<AllocationId, AllocationIdError> {
        AllocationId::new(number)
    }
}

impl From<AllocationId> for u64 {
    fn from(id: AllocationId) -> u64 {
        id.get()
    }
}

impl FromStr for AllocationId {
    type Err = AllocationIdError;

    fn from_str(text: &str) -> Result<AllocationId, AllocationIdError> {
        text.parse()
            .map(AllocationId)
            .map_err(|_| AllocationIdError(()))
    }
}

/// What was given is not the id of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an allocation's id is a whole number from 1 on")]
pub struct AllocationIdError(());

/// A service that holds a port.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Allocation {
    /// Its id.
    pub id: AllocationId,
    /// Who holds the port.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub key: ServiceKey,
    /// The port that is held.
    pub port: Port,
    /// When the port was allocated.
    pub created_at: Timestamp,
    /// The absolute root of the checkout the service belongs to, where it is known.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub dir: Option<String>,
}

impl Allocation {
    /// Whether it belongs to another checkout than the one with this root. `false` if that one is gone or
    /// if no checkout is recorded, `true` if it cannot be looked at. May take a second, where a file system
    /// does not answer.
    pub fn belongs_to_other_checkout(&self, root: &Path) -> bool {
        match (root.to_str(), &self.dir) {
            (Some(root), Some(dir)) => compare::compare(root, dir) == Recorded::Other,
            // Such a root is never recorded.
            (None, Some(dir)) => !compare::is_gone(dir),
            (_, None) => false,
        }
    }

    /// Whether it belongs to a checkout that exists no longer. One that cannot be looked at counts as
    /// existing, and so does one on a file system that does not answer within a second.
    ///
    /// One on a disk that is not mounted looks as if it was gone.
    pub fn checkout_is_gone(&self) -> bool {
        self.dir.as_deref().is_some_and(compare::is_gone)
    }

    /// Whether a path is in the checkout that it belongs to, be it by another name. `None` when that
    /// is not known, or when the file system does not tell within a second.
    pub fn checkout_contains(&self, path: &Path) -> Option<bool> {
        compare::contains(self.dir.as_deref()?, path)
    }
}

/// What is known of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PortStatus {
    /// The port asked about.
    pub port: Port,
    /// Whether a request for the port would get it: nobody holds it, nothing listens on it.
    pub available: bool,
    /// The allocation that holds the port.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub holder: Option<Allocation>,
    /// What has the port open right now.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub listener: Option<Listener>,
}

impl PortStatus {
    /// What these two make of a port.
    pub fn new(port: Port, holder: Option<Allocation>, listener: Option<Listener>) -> PortStatus {
        PortStatus {
            port,
            available: holder.is_none() && listener.is_none(),
            holder,
            listener,
        }
    }
}

/// Chooses allocations: those that match every part that is set. The default chooses all. Names
/// are trimmed of white space, as those of a [`ServiceKey`] are.
///
/// ```
/// use port_registry::Filter;
///
/// let filter = Filter::default().app("shop").instance("main");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Filter {
    /// The app's name.
    pub app: Option<String>,
    /// The instance's name.
    pub instance: Option<String>,
    /// The service's name.
    pub service: Option<String>,
    /// The port that is held.
    pub port: Option<Port>,
}

impl Filter {
    /// Only allocations of this app.
    #[must_use]
    pub fn app(self, app: impl AsRef<str>) -> Filter {
        Filter {
            app: Some(app.as_ref().trim().to_owned()),
            ..self
        }
    }

    /// Only allocations of this instance, of whichever app.
    #[must_use]
    pub fn instance(self, instance: impl AsRef<str>) -> Filter {
        Filter {
            instance: Some(instance.as_ref().trim().to_owned()),
            ..self
        }
    }

    /// Only allocations of this service, of whichever app and instance.
    #[must_use]
    pub fn service(self, service: impl AsRef<str>) -> Filter {
        Filter {
            service: Some(service.as_ref().trim().to_owned()),
            ..self
        }
    }

    /// Only the allocation that holds this port.
    #[must_use]
    pub fn port(self, port: Port) -> Filter {
        Filter {
            port: Some(port),
            ..self
        }
    }

    /// Whether no part is set, so that every allocation matches.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    /// Whether the allocation is one of those chosen.
    pub fn matches(&self, allocation: &Allocation) -> bool {
        let same = |wanted: &Option<String>, name: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == name)
        };
        same(&self.app, allocation.key.app())
            && same(&self.instance, allocation.key.instance())
            && same(&self.service, allocation.key.service())
            && self.port.is_none_or(|port| port == allocation.port)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Allocation, AllocationId};
    use crate::port::Port;
    use crate::service_key::ServiceKey;
    use crate::timestamp::Timestamp;

    fn allocation_of(dir: Option<&Path>) -> Allocation {
        Allocation {
            id: AllocationId::new(1).unwrap(),
            key: ServiceKey::new("shop", "main", "web").unwrap(),
            port: Port::new(3000).unwrap(),
            created_at: Timestamp::from_unix_seconds(0).unwrap(),
            dir: dir.map(|dir| dir.to_str().unwrap().to_owned()),
        }
    }

    #[test]
    fn a_checkout_is_gone_when_its_folder_is_and_not_when_none_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("shop");
        fs::create_dir(&checkout).unwrap();
        let allocation = allocation_of(Some(&checkout));
        assert!(!allocation.checkout_is_gone());
        fs::remove_dir(&checkout).unwrap();
        assert!(allocation.checkout_is_gone());
        assert!(!allocation.belongs_to_other_checkout(folder.path()));
        assert!(!allocation_of(None).checkout_is_gone());
        // Whatever has its name now, it is not for us to say that it is not the checkout.
        fs::write(&checkout, "").unwrap();
        assert!(!allocation.checkout_is_gone());
        // But nothing can be below what is no folder.
        assert!(allocation_of(Some(&checkout.join("web"))).checkout_is_gone());
    }

    #[test]
    fn what_is_in_a_checkout_is_so_by_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("shop");
        let inside = checkout.join("web");
        let beside = folder.path().join("shop-two");
        fs::create_dir_all(&inside).unwrap();
        fs::create_dir(&beside).unwrap();
        let allocation = allocation_of(Some(&checkout));
        assert_eq!(allocation.checkout_contains(&checkout), Some(true));
        assert_eq!(allocation.checkout_contains(&inside), Some(true));
        assert_eq!(allocation.checkout_contains(&beside), Some(false));
        assert_eq!(allocation.checkout_contains(folder.path()), Some(false));
        let gone = folder.path().join("gone");
        assert_eq!(allocation.checkout_contains(&gone), None);
        assert_eq!(allocation_of(None).checkout_contains(&inside), None);
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&checkout, &link).unwrap();
            let allocation = allocation_of(Some(&link));
            assert_eq!(allocation.checkout_contains(&inside), Some(true));
            assert_eq!(allocation.checkout_contains(&beside), Some(false));
        }
    }
}
