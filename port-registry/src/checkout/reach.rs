//! Telling checkouts that are gone from those that may only be out of reach.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::missing::Missing;
use super::mounts::Mounts;
use super::namespace::NamespaceFacts;
use super::timeout::{RESPONSE_TIMEOUT, run_with_timeout};

/// Folders in which disks are mounted that come and go.
const REMOVABLE: [&str; 4] = ["/mnt", "/media", "/run/media", "/Volumes"];

/// The state of a recorded checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckoutState {
    /// Its path exists.
    Exists,
    /// It certainly no longer exists.
    Gone,
    /// It cannot be found, but may exist.
    OutOfReach(OutOfReach),
}

/// The reason why a checkout that cannot be found may exist.
///
/// Displayed, it completes a sentence that begins with the checkout: `may only be unmounted, because ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutOfReach {
    /// It is in a folder where disks are mounted that come and go, and no disk is mounted there now.
    Removable {
        /// `/mnt`, `/media`, `/run/media` or `/Volumes`.
        folder: PathBuf,
    },
    /// `/etc/fstab` lists a file system for it that is not mounted now.
    Unmounted {
        /// The place of the file system.
        mount_point: PathBuf,
    },
    /// This process is in a container, or otherwise sees other file systems than the rest of the system.
    OtherNamespace,
    /// The system refuses to examine it, for example because of missing permissions.
    Unexamined {
        /// The kind of the system's error.
        kind: ErrorKind,
    },
    /// Its file system does not respond within a second.
    NoResponse,
}

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutOfReach::Removable { folder } => write!(
                f,
                "may only be unmounted, because it is in {}",
                folder.display()
            ),
            OutOfReach::Unmounted { mount_point } => write!(
                f,
                "may only be unmounted, because nothing is mounted at {}, which /etc/fstab lists",
                mount_point.display()
            ),
            OutOfReach::OtherNamespace => {
                f.write_str("may exist outside of the container that this runs in")
            }
            OutOfReach::Unexamined { kind } => write!(f, "cannot be examined: {kind}"),
            OutOfReach::NoResponse => {
                f.write_str("cannot be examined, because its file system does not respond")
            }
        }
    }
}

/// Finds the state of a checkout, within a second.
pub(crate) fn state_of(checkout: &Path) -> CheckoutState {
    let checkout = checkout.to_owned();
    run_with_timeout(RESPONSE_TIMEOUT, move || examine(&checkout))
        .unwrap_or(CheckoutState::OutOfReach(OutOfReach::NoResponse))
}

/// Finds the state of a checkout. Blocks as long as its file system does not respond.
pub(super) fn examine(checkout: &Path) -> CheckoutState {
    match checkout.try_exists() {
        Ok(true) => CheckoutState::Exists,
        Ok(false) => examine_missing(checkout),
        // One of its parents is a file now.
        Err(error) if error.kind() == ErrorKind::NotADirectory => examine_missing(checkout),
        Err(error) => unexamined(&error),
    }
}

fn unexamined(error: &io::Error) -> CheckoutState {
    CheckoutState::OutOfReach(OutOfReach::Unexamined { kind: error.kind() })
}

fn examine_missing(checkout: &Path) -> CheckoutState {
    let followed = match Missing::follow(checkout) {
        Ok(followed) => followed,
        Err(error) => return unexamined(&error),
    };
    let surroundings = Surroundings {
        mounts: Mounts::of_system(),
        is_contained: NamespaceFacts::of_process().is_contained(),
    };
    // A link may have replaced a folder since the checkout was recorded, so that its own path counts too.
    let itself = Missing {
        path: checkout.to_owned(),
        existing: followed.existing.clone(),
    };
    let reason = surroundings.reason(&itself);
    match reason.or_else(|| surroundings.reason(&followed)) {
        Some(reason) => CheckoutState::OutOfReach(reason),
        None => CheckoutState::Gone,
    }
}

/// The file systems around a missing checkout.
#[derive(Debug)]
struct Surroundings {
    mounts: Mounts,
    /// The process is in another mount namespace than the system's first process.
    is_contained: bool,
}

impl Surroundings {
    /// Returns the reason why a missing checkout may exist all the same. Returns `None` if it is gone.
    fn reason(&self, missing: &Missing) -> Option<OutOfReach> {
        let mut removable = REMOVABLE.iter().map(Path::new);
        if let Some(folder) = removable.find(|folder| missing.path.starts_with(folder))
            && !self.is_on_disk_in(folder, &missing.existing)
        {
            let folder = folder.to_owned();
            return Some(OutOfReach::Removable { folder });
        }
        if let Some(point) = self.mounts.unmounted_above(&missing.path) {
            let mount_point = point.to_owned();
            return Some(OutOfReach::Unmounted { mount_point });
        }
        (self.is_contained && !self.is_evident(missing)).then_some(OutOfReach::OtherNamespace)
    }

    /// Tests if a path is on a disk that is mounted in a folder. A file system mounted at the folder itself is none:
    /// the disks are mounted on top of it.
    fn is_on_disk_in(&self, folder: &Path, existing: &Path) -> bool {
        let mut points = existing.ancestors();
        points.any(|point| {
            point != folder && point.starts_with(folder) && self.mounts.is_mounted(point)
        })
    }

    /// Tests if a container shows that a checkout was removed.
    ///
    /// A container that shares only the registry's folder with the system has other files under the same paths: its
    /// image's, and folders that were made to mount something in them, such as `/home/me` for
    /// `/home/me/.port-registry`. So a missing checkout counts as removed only if the folder that held it still exists.
    /// This folder must not be one that any image has (`/`, `/tmp`, `/usr/src`), and must neither be nor contain a
    /// mount point. A container that has recorded its own checkouts can prune them by this rule, unless such a folder
    /// held them.
    fn is_evident(&self, missing: &Missing) -> bool {
        let parent = missing.existing.as_path();
        missing.path.parent() == Some(parent)
            && !is_in_every_image(parent)
            && !self.mounts.has_any_in(parent)
    }
}

/// Tests for the folders that systems have in common: those at the root, and those right in `/usr` and `/var`.
fn is_in_every_image(folder: &Path) -> bool {
    let depth = folder.components().skip(1).count();
    let is_system = ["/usr", "/var"].iter().any(|it| folder.starts_with(it));
    depth <= 1 || depth == 2 && is_system
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{CheckoutState, Missing, Mounts, OutOfReach, Surroundings, examine};

    const MOUNTINFO: &[u8] = b"\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
28 27 8:1 / /mnt/disk rw - ext4 /dev/sda1 rw\n\
29 27 8:2 / /media rw - tmpfs tmpfs rw\n\
30 27 8:3 / /run/media/me/My\\040Stick rw - vfat /dev/sdb1 rw\n\
31 27 254:0 /home/me/.port-registry /home/me/.port-registry rw - ext4 /dev/vda rw\n\
32 27 254:0 /home/me/code /work/code rw - ext4 /dev/vda rw\n";

    const FSTAB: &[u8] = b"/dev/sdc1 /data\\040disk xfs defaults 0 2\n/dev/sda1 /mnt/disk ext4\n";

    fn reason(is_contained: bool, path: &str, existing: &str) -> Option<OutOfReach> {
        let surroundings = Surroundings {
            mounts: Mounts::parse(Some(MOUNTINFO), FSTAB),
            is_contained,
        };
        surroundings.reason(&Missing {
            path: PathBuf::from(path),
            existing: PathBuf::from(existing),
        })
    }

    #[test]
    fn checkout_where_disks_come_and_go_is_gone_only_on_a_mounted_disk() {
        for (path, existing, folder) in [
            ("/mnt/usb/shop", "/mnt", "/mnt"),
            ("/mnt/usb/shop", "/mnt/usb", "/mnt"),
            ("/media/me/usb/shop", "/media", "/media"),
            ("/media/me/usb/shop", "/media/me/usb", "/media"),
            ("/run/media/me/usb/shop", "/run", "/run/media"),
            ("/Volumes/Disk/shop", "/", "/Volumes"),
        ] {
            let folder = PathBuf::from(folder);
            let expected = Some(OutOfReach::Removable { folder });
            assert_eq!(reason(false, path, existing), expected, "{path}");
        }
        for (path, existing) in [
            ("/mnt/disk/shop", "/mnt/disk"),
            ("/mnt/disk/a/b/shop", "/mnt/disk/a"),
            ("/run/media/me/My Stick/shop", "/run/media/me/My Stick"),
            ("/mntx/shop", "/"),
            ("/run/mediax/shop", "/run"),
            ("/home/me/mnt/shop", "/home/me"),
        ] {
            assert_eq!(reason(false, path, existing), None, "{path}");
        }
    }

    #[test]
    fn checkout_on_a_listed_file_system_that_is_not_mounted_is_out_of_reach() {
        let mount_point = PathBuf::from("/data disk");
        let expected = Some(OutOfReach::Unmounted { mount_point });
        for existing in ["/data disk", "/data disk/team", "/"] {
            assert_eq!(reason(false, "/data disk/team/shop", existing), expected);
        }
        assert_eq!(reason(false, "/data diskette/shop", "/"), None);
    }

    #[test]
    fn container_needs_the_folder_that_held_the_checkout() {
        for (path, existing) in [
            // A folder that holds a mount point was made for it.
            ("/home/me/shop", "/home/me"),
            ("/home/me/code/shop", "/home/me"),
            ("/work/code/shop", "/work/code"),
            ("/work/other/shop", "/work"),
            // Any image has these.
            ("/shop", "/"),
            ("/tmp/shop", "/tmp"),
            ("/usr/src/shop", "/usr/src"),
            ("/var/tmp/shop", "/var/tmp"),
        ] {
            let expected = Some(OutOfReach::OtherNamespace);
            assert_eq!(reason(true, path, existing), expected, "{path}");
            assert_eq!(reason(false, path, existing), None, "{path}");
        }
        for (path, existing) in [
            ("/home/you/shop", "/home/you"),
            ("/work/code/team/shop", "/work/code/team"),
            ("/tmp/build/shop", "/tmp/build"),
        ] {
            assert_eq!(reason(true, path, existing), None, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_nowhere_are_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink("/media/no/../no-such-disk/code", path("disk")).unwrap();
        symlink("./gone", path("link")).unwrap();
        symlink("loop", path("loop")).unwrap();
        let folder = PathBuf::from("/media");
        let removable = CheckoutState::OutOfReach(OutOfReach::Removable { folder });
        assert_eq!(examine(&path("disk/shop")), removable);
        assert_eq!(examine(&path("disk")), removable);
        assert_eq!(examine(&path("link")), CheckoutState::Gone);
        let looped = examine(&path("loop/shop"));
        assert!(matches!(looped, CheckoutState::OutOfReach(_)), "{looped:?}");
    }
}
