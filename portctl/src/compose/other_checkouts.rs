//! The other checkouts that may have the name of a Compose project.

use std::path::{Path, PathBuf};

use port_registry::{Checkout, CheckoutState};

use super::env_value::value_in_file;
use super::name_source::PROJECT_NAME_VARIABLE;
use super::name_text::name_of_folder;
use super::record::Record;
use crate::environment;

/// The checkouts other than the one whose project is named.
#[derive(Debug)]
pub(super) struct OtherCheckouts<'a> {
    checkout: &'a Checkout,
    /// The other checkouts of the repository.
    worktrees: Vec<PathBuf>,
    /// The roots of the registry's checkouts.
    registered: &'a [PathBuf],
    /// The records of projects in other checkouts.
    records: Vec<Record>,
}

impl<'a> OtherCheckouts<'a> {
    /// `records` are those of all checkouts.
    pub(super) fn new(
        checkout: &'a Checkout,
        registered: &'a [PathBuf],
        mut records: Vec<Record>,
    ) -> OtherCheckouts<'a> {
        records.retain(|it| it.checkout != checkout.root());
        OtherCheckouts {
            checkout,
            worktrees: checkout.other_worktrees(),
            registered,
            records,
        }
    }

    /// Finds the record that a project had before its worktree was moved.
    pub(super) fn record_before_move(&self, new: &Record) -> Option<&Record> {
        let mut records = self.records.iter();
        records.find(|it| it.is_of_worktree(new) && !exists(&it.checkout))
    }

    /// Finds the record of a project with this name in an existing checkout.
    pub(super) fn record_with(&self, name: &str) -> Option<&Record> {
        let mut records = self.records.iter();
        records.find(|it| it.project == name && exists(&it.checkout))
    }

    /// Finds another checkout of the repository.
    pub(super) fn worktree(&self) -> Option<&Path> {
        self.worktrees.first().map(PathBuf::as_path)
    }

    /// Finds a checkout whose folder gives its project this name.
    pub(super) fn with_folder_named(&self, name: &str) -> Option<&Path> {
        self.roots()
            .find(|root| name_of_folder(root) == name && exists(root))
    }

    /// Finds a checkout of the repository whose env file at the same place sets this name.
    pub(super) fn with_equal_env_file(&self, file: &Path, name: &str) -> Option<&Path> {
        let Some(path) = self.path_in_checkout(file) else {
            // All checkouts read the same file.
            return self.worktree();
        };
        let variables = environment::all();
        let mut roots = self.worktrees.iter().map(PathBuf::as_path);
        roots.find(|root| {
            let value = value_in_file(&root.join(&path), &variables, PROJECT_NAME_VARIABLE);
            value.as_deref() == Some(name)
        })
    }

    /// Finds a checkout in which a project gets this name by its folder.
    pub(super) fn with_equal_folder(&self, project_folder: &Path, name: &str) -> Option<&Path> {
        let path = self.path_in_checkout(project_folder)?;
        if path.as_os_str().is_empty() {
            return self.with_folder_named(name);
        }
        self.roots().find(|it| exists(&it.join(&path)))
    }

    /// Returns the path of an existing entry below the root of the named project's checkout.
    fn path_in_checkout(&self, entry: &Path) -> Option<PathBuf> {
        let root = self.checkout.root().canonicalize().ok()?;
        let entry = entry.canonicalize().ok()?;
        entry.strip_prefix(root).ok().map(Path::to_owned)
    }

    /// The roots of the checkouts of the repository and of the registry.
    fn roots(&self) -> impl Iterator<Item = &Path> {
        let roots = self.worktrees.iter().chain(self.registered);
        let roots = roots.filter(|it| *it != self.checkout.root());
        roots.map(PathBuf::as_path)
    }
}

/// Tests if a folder exists, or may only be out of reach.
fn exists(folder: &Path) -> bool {
    Checkout::state_of(folder) != CheckoutState::Gone
}
