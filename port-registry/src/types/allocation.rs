//! Allocations.

use std::path::Path;

use crate::checkout::compare::{self, CheckoutMatch};
use crate::checkout::mark::unmarked;
use crate::checkout::reach::{self, CheckoutState};
use crate::types::allocation_id::AllocationId;
use crate::types::checkout_name::CheckoutName;
use crate::types::checkout_path::CheckoutPath;
use crate::types::label_origin::LabelOrigin;
use crate::types::port::Port;
use crate::types::service_key::ServiceKey;
use crate::types::timestamp::Timestamp;

/// A service key that holds a port.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Allocation {
    /// The id of the allocation.
    pub id: AllocationId,
    /// The service that holds the port.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub key: ServiceKey,
    /// The port.
    pub port: Port,
    /// The time at which the port was allocated.
    pub created_at: Timestamp,
    /// The absolute root of the checkout that the service belongs to, or `None` if it is unknown.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub dir: Option<CheckoutPath>,
    /// The source of the app and the instance.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "LabelOrigin::is_api")
    )]
    pub label_origin: LabelOrigin,
    /// The name of the checkout, if it differs from the app and instance of an allocation with detected labels.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub(crate) checkout_name: Option<CheckoutName>,
}

impl Allocation {
    /// Returns the name of the allocation's checkout. Returns `None` if no checkout is recorded, or if it has no
    /// name, because all of its labels were named by users or programs.
    pub fn checkout_name(&self) -> Option<CheckoutName> {
        self.dir.as_ref()?;
        match &self.checkout_name {
            Some(name) => Some(name.clone()),
            None if self.label_origin.is_detected() => Some(CheckoutName::of(&self.key)),
            None => None,
        }
    }

    /// Returns the instance without the mark that tells checkouts with the same labels apart: `main` for `main-5dca`.
    pub fn unmarked_instance(&self) -> &str {
        let dir = self.dir.as_ref().map_or("", CheckoutPath::as_str);
        unmarked(self.key.instance(), dir)
    }

    /// Records the name of the allocation's checkout.
    pub(crate) fn set_checkout_name(&mut self, name: Option<CheckoutName>) {
        let is_implied = |it: &CheckoutName| self.label_origin.is_detected() && it.is_of(&self.key);
        self.checkout_name = name.filter(|it| !is_implied(it));
    }

    /// Tests if the allocation belongs to an existing checkout other than the one with this root.
    ///
    /// Returns `false` if no checkout is recorded or if the recorded one is gone, and `true` if it may only be out of
    /// reach. The call may take a second if a file system does not respond.
    pub fn belongs_to_other_checkout(&self, root: &Path) -> bool {
        match &self.dir {
            Some(dir) if root.to_str().is_some() => {
                compare::compare(root, dir) == CheckoutMatch::Other
            }
            // A root that is not UTF-8 is never recorded.
            Some(_) => !self.checkout_is_gone(),
            None => false,
        }
    }

    /// Finds the state of the checkout that the allocation belongs to. Returns `None` if none is recorded.
    ///
    /// A checkout whose path does not exist may only be out of reach, if one of these is true:
    ///
    /// - It is in `/mnt`, `/media`, `/run/media` or `/Volumes`, but not on a disk that is mounted there now.
    /// - `/etc/fstab` lists a file system for it that is not mounted now.
    /// - This process is in a container, or in another mount namespace than the system's first process. There a
    ///   checkout is gone only if the folder that held it still exists, is neither a mount point nor contains one, and
    ///   is none that every system has, such as `/tmp` itself. A container that shares only the registry's folder
    ///   with the system has other files under the same paths, and empty folders above its mount points.
    /// - The system refuses to examine it, or does not respond within a second.
    ///
    /// The call may take a second if a file system does not respond.
    pub fn checkout_state(&self) -> Option<CheckoutState> {
        self.dir.as_deref().map(reach::state_of)
    }

    /// Tests if the allocation belongs to a checkout that certainly no longer exists.
    ///
    /// Returns `false` if the checkout may only be out of reach, as [`checkout_state`](Self::checkout_state) tells.
    pub fn checkout_is_gone(&self) -> bool {
        self.checkout_state() == Some(CheckoutState::Gone)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Allocation;
    use crate::types::allocation_id::AllocationId;
    use crate::types::checkout_path::CheckoutPath;
    use crate::types::label_origin::LabelOrigin;
    use crate::types::port::Port;
    use crate::types::service_key::ServiceKey;
    use crate::types::timestamp::Timestamp;

    fn allocation_of(dir: Option<&Path>) -> Allocation {
        Allocation {
            id: AllocationId::new(1).unwrap(),
            key: ServiceKey::new("shop", "main", "web").unwrap(),
            port: Port::new(3000).unwrap(),
            created_at: Timestamp::from_unix_seconds(0).unwrap(),
            dir: dir.map(|dir| CheckoutPath::new(dir.to_str().unwrap().to_owned())),
            label_origin: LabelOrigin::Api,
            checkout_name: None,
        }
    }

    #[test]
    fn a_checkout_is_gone_when_its_folder_is_and_never_when_none_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("shop");
        fs::create_dir(&checkout).unwrap();
        let allocation = allocation_of(Some(&checkout));
        assert!(!allocation.checkout_is_gone());
        fs::remove_dir(&checkout).unwrap();
        assert!(allocation.checkout_is_gone());
        assert!(!allocation.belongs_to_other_checkout(folder.path()));
        assert!(!allocation_of(None).checkout_is_gone());
        // Anything that has the checkout's name counts as the checkout.
        fs::write(&checkout, "").unwrap();
        assert!(!allocation.checkout_is_gone());
        // Nothing can exist below a file.
        assert!(allocation_of(Some(&checkout.join("web"))).checkout_is_gone());
    }
}
