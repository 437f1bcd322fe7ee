//! Comparing checkouts by their folders, on file systems that may not respond.

#[cfg(feature = "detect")]
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::Path;

use super::reach::{self, CheckoutState};
use super::timeout::{RESPONSE_TIMEOUT, run_with_timeout};
#[cfg(feature = "detect")]
use crate::types::checkout_path::CheckoutPath;

/// The recorded checkout of a service, compared with the one that claims it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckoutMatch {
    /// Both are the same folder, perhaps by different paths.
    Same,
    /// The recorded checkout certainly no longer exists.
    Gone,
    /// The recorded checkout is another one. One that may only be out of reach counts as existing.
    Other,
}

/// Compares the folder of a claim with the recorded one.
pub(crate) fn compare(claimed: &Path, recorded: &Path) -> CheckoutMatch {
    if claimed.as_os_str() == recorded.as_os_str() {
        return CheckoutMatch::Same;
    }
    let (claimed, recorded) = (claimed.to_owned(), recorded.to_owned());
    run_with_timeout(RESPONSE_TIMEOUT, move || {
        compare_folders(&claimed, &recorded)
    })
    .unwrap_or(CheckoutMatch::Other)
}

/// Returns a recorded checkout that is the folder `root` by another path, for example by a bind mount
/// or a symbolic link.
///
/// Returns `None` if none is, and if the file systems together do not respond within a second.
#[cfg(feature = "detect")]
pub(crate) fn same_folder_among<'a>(
    root: &Path,
    recorded: impl Iterator<Item = &'a CheckoutPath>,
) -> Option<CheckoutPath> {
    let others = recorded.filter(|dir| dir.as_os_str() != root.as_os_str());
    // Most are recorded many times.
    let others: BTreeSet<CheckoutPath> = others.cloned().collect();
    if others.is_empty() {
        return None;
    }
    let root = root.to_owned();
    run_with_timeout(RESPONSE_TIMEOUT, move || {
        others.into_iter().find(|dir| are_same(&root, dir))
    })
    .flatten()
}

fn compare_folders(claimed: &Path, recorded: &Path) -> CheckoutMatch {
    match reach::examine(recorded) {
        CheckoutState::Gone => CheckoutMatch::Gone,
        CheckoutState::Exists if are_same(claimed, recorded) => CheckoutMatch::Same,
        CheckoutState::Exists | CheckoutState::OutOfReach(_) => CheckoutMatch::Other,
    }
}

/// Tests if two paths lead to one folder, also by a bind mount, through which canonical paths differ.
fn are_same(one: &Path, other: &Path) -> bool {
    let (Ok(one_found), Ok(other_found)) = (fs::metadata(one), fs::metadata(other)) else {
        return false;
    };
    are_same_folder(&one_found, &other_found)
        || match (fs::canonicalize(one), fs::canonicalize(other)) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}

/// Compares folders by device and inode. These are never stored, because both change.
#[cfg(unix)]
fn are_same_folder(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    // An inode of 0 means that the file system has none.
    one.is_dir() && one.ino() != 0 && (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The standard library gives no identity of folders here.
#[cfg(not(unix))]
fn are_same_folder(_: &Metadata, _: &Metadata) -> bool {
    false
}

#[cfg(all(test, feature = "detect"))]
mod tests {
    use std::fs;

    use super::{CheckoutMatch, compare, same_folder_among};
    use crate::types::checkout_path::CheckoutPath;

    #[test]
    fn folder_is_the_same_by_each_of_its_paths() {
        let folder = tempfile::tempdir().unwrap();
        let [shop, blog, link, gone] =
            ["shop", "blog", "link", "gone"].map(|name| folder.path().join(name));
        fs::create_dir(&shop).unwrap();
        fs::create_dir(&blog).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&shop, &link).unwrap();
        let recorded: Vec<CheckoutPath> = [&gone, &blog, &shop, &link]
            .map(|path| CheckoutPath::new(path.to_str().unwrap().to_owned()))
            .to_vec();
        assert_eq!(compare(&shop, &blog), CheckoutMatch::Other);
        assert_eq!(compare(&shop, &gone), CheckoutMatch::Gone);
        assert_eq!(compare(&gone, &shop), CheckoutMatch::Other);
        if cfg!(unix) {
            assert_eq!(compare(&shop, &link), CheckoutMatch::Same);
            // The path itself is no other one.
            let found = same_folder_among(&shop, recorded.iter());
            assert_eq!(found.as_ref(), Some(&recorded[3]));
            let found = same_folder_among(&link, recorded.iter());
            assert_eq!(found.as_ref(), Some(&recorded[2]));
        }
        assert_eq!(same_folder_among(&blog, recorded.iter()), None);
        assert_eq!(same_folder_among(&gone, recorded.iter()), None);
    }
}
