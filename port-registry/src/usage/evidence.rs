//! The checkout that a process belongs to.

#![cfg_attr(
    not(unix),
    expect(dead_code, reason = "nothing tells the folders of processes there")
)]

#[cfg(unix)]
use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::containers::{self, Container};
use crate::checkout::root::{RootKind, root_of};
use crate::checkout::timeout::{RESPONSE_TIMEOUT, run_with_timeout};
use crate::system::trust;

/// Finds the checkouts that processes belong to, and caches what it learns.
pub(super) struct Evidence<'a> {
    /// Returns `true` for a folder outside of git that is a checkout because it has allocations.
    is_recorded: &'a dyn Fn(&Path) -> bool,
    folders: HashMap<PathBuf, Option<PathBuf>>,
    #[cfg(unix)]
    containers: OnceCell<Vec<Container>>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(is_recorded: &'a dyn Fn(&Path) -> bool) -> Evidence<'a> {
        Evidence {
            is_recorded,
            folders: HashMap::new(),
            #[cfg(unix)]
            containers: OnceCell::new(),
        }
    }

    /// Returns the checkout that an existing folder is in.
    ///
    /// Outside of git and of projects, a folder is a checkout only if it is recorded as one, because every process has
    /// some folder. The same goes for the home folder.
    pub(super) fn checkout_of_folder(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = self.folders.get(folder) {
            return known.clone();
        }
        let asked = folder.to_owned();
        let root = run_with_timeout(RESPONSE_TIMEOUT, move || {
            let root = root_of(&asked).ok()?;
            let is_home = trust::is_home(&root.path);
            Some((root, is_home))
        });
        let checkout = root.flatten().and_then(|(root, is_home)| {
            if root.kind != RootKind::Plain && !is_home {
                return Some(root.path);
            }
            self.recorded_around(&root.path)
        });
        self.folders.insert(folder.to_owned(), checkout.clone());
        checkout
    }

    /// Returns the nearest recorded checkout upward. The home folder is one only for itself.
    fn recorded_around(&self, folder: &Path) -> Option<PathBuf> {
        let mut folders = folder.ancestors();
        let found = folders.find(|it| (self.is_recorded)(it))?;
        (found == folder || !trust::is_home(found)).then(|| found.to_owned())
    }

    /// Returns the recorded checkout that a removed folder was in. The search ends at an existing folder that is no
    /// recorded checkout, because the checkout itself may be gone, such as a worktree inside another checkout.
    #[cfg(target_os = "linux")]
    pub(super) fn checkout_of_removed_folder(&self, folder: &Path) -> Option<PathBuf> {
        for around in folder.ancestors() {
            if (self.is_recorded)(around) {
                return Some(around.to_owned());
            }
            let folder = around.to_owned();
            let exists = run_with_timeout(RESPONSE_TIMEOUT, move || folder.exists());
            // A file system that does not respond ends the search too.
            if exists != Some(false) {
                return None;
            }
        }
        None
    }

    /// Returns the checkout that a process names itself, by its root or a folder in it. Ignores a path that does not
    /// exist, because it may be one of another system, or the checkout may have been moved.
    #[cfg(target_os = "linux")]
    pub(super) fn named_checkout(&mut self, named: &Path) -> Option<PathBuf> {
        if !named.is_absolute() {
            return None;
        }
        self.checkout_of_folder(named)
    }

    /// Tests if a user owns a folder.
    #[cfg(target_os = "linux")]
    pub(super) fn is_owned(folder: &Path, user: u32) -> bool {
        use std::os::unix::fs::MetadataExt;
        let folder = folder.to_owned();
        let owner = run_with_timeout(RESPONSE_TIMEOUT, move || std::fs::metadata(folder));
        owner.is_some_and(|it| it.is_ok_and(|it| it.uid() == user))
    }

    /// Returns the only container that matches. Returns `None` if several do, because they may publish one port on
    /// different addresses.
    #[cfg(unix)]
    pub(super) fn container(&self, is_meant: impl Fn(&Container) -> bool) -> Option<&Container> {
        let containers = self.containers.get_or_init(containers::running);
        let mut found = containers.iter().filter(|it| is_meant(it));
        let first = found.next()?;
        found.all(|it| it.is_same(first)).then_some(first)
    }
}
