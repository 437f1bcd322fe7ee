//! Compose projects of checkouts that are gone, whose containers may still be there.

use std::path::Path;

use port_registry::{Checkout, CheckoutState};

use super::compose_folder::ComposeFolder;
use super::name_text::name_of_folder;
use super::record::Record;
use crate::output::wording;

/// A Compose project whose checkout certainly no longer exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) record: Record,
    /// An existing checkout has a project of this name, or may have one.
    pub(crate) is_used: bool,
}

impl Leftover {
    /// Finds the projects of checkouts that are gone. `roots` are those of the registry's checkouts.
    pub(crate) fn all<'a>(
        folder: &ComposeFolder,
        roots: impl IntoIterator<Item = &'a Path>,
    ) -> Vec<Leftover> {
        let is_gone = |root: &Path| Checkout::state_of(root) == CheckoutState::Gone;
        let records = folder.records();
        let (gone, existing): (Vec<Record>, Vec<Record>) =
            records.into_iter().partition(|it| is_gone(&it.checkout));
        // The project of a worktree that moved lives on, but is not recorded at the new place before it is started there.
        let has_moved = |it: &Record| {
            let mut existing = existing.iter();
            let worktree = it.worktree.as_deref();
            worktree.is_some_and(Checkout::worktree_exists)
                && !existing.any(|other| other.is_of_worktree(it))
        };
        let gone: Vec<Record> = gone.into_iter().filter(|it| !has_moved(it)).collect();
        if gone.is_empty() {
            return Vec::new();
        }
        let roots: Vec<&Path> = roots.into_iter().collect();
        let is_named = |root: &Path, name: &str| name_of_folder(root) == name && !is_gone(root);
        let is_used = |name: &str| {
            existing.iter().any(|it| it.project == name)
                || roots.iter().any(|root| is_named(root, name))
        };
        let leftovers = gone.into_iter().map(|record| Leftover {
            is_used: is_used(&record.project),
            record,
        });
        leftovers.collect()
    }

    /// The command that removes the containers. Returns `None` if they may be those of an existing checkout.
    pub(crate) fn command(&self) -> Option<String> {
        let name = wording::quoted(&self.record.project);
        (!self.is_used).then(|| format!("docker compose -p {name} down"))
    }
}
