//! Compose projects of checkouts that are gone.

use port_registry::Allocation;
use serde::Serialize;

use crate::compose::compose_folder::ComposeFolder;
use crate::compose::leftover::Leftover;
use crate::pruning::Survey;
use crate::report::Report;

/// The Compose projects of checkouts that are gone.
#[derive(Debug, Default)]
pub(super) struct ComposeProjects {
    folder: Option<ComposeFolder>,
    leftovers: Vec<Leftover>,
    /// Those whose containers still listen on a port, so that their commands are needed again.
    kept: Vec<Leftover>,
}

impl ComposeProjects {
    pub(super) fn find(allocations: &[Allocation], survey: &Survey) -> ComposeProjects {
        // Without a home folder there are no records.
        let Ok(folder) = ComposeFolder::open() else {
            return ComposeProjects::default();
        };
        let roots = allocations.iter().filter_map(|it| it.dir.as_deref());
        let leftovers = Leftover::all(&folder, roots);
        let is_kept = |it: &Leftover| {
            let mut in_use = survey.in_use.iter();
            in_use.any(|other| other.allocation.dir.as_deref() == Some(&*it.record.checkout))
        };
        let (kept, leftovers) = leftovers.into_iter().partition(is_kept);
        ComposeProjects {
            folder: Some(folder),
            leftovers,
            kept,
        }
    }

    /// Removes the records.
    pub(super) fn forget(&self) -> Result<(), Report> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let mut records = self.leftovers.iter().map(|it| &it.record);
        records.try_for_each(|it| folder.remove(it))
    }

    /// Tests if there are records that can be removed.
    pub(super) fn is_forgettable(&self) -> bool {
        self.leftovers.iter().any(|it| !it.is_used)
    }

    /// The commands that remove the containers.
    pub(super) fn notes(&self) -> Vec<ComposeNote> {
        let all = self.leftovers.iter().chain(&self.kept);
        let notes = all.filter_map(|it| {
            let command = it.command()?;
            let checkout = it.record.checkout.display();
            Some(ComposeNote {
                note: format!("`{command}` removes the containers of {checkout}, which is gone"),
                project: it.record.project.clone(),
                command,
            })
        });
        notes.collect()
    }
}

/// A Compose project whose containers may still be there.
#[derive(Serialize)]
pub(super) struct ComposeNote {
    pub(super) note: String,
    project: String,
    command: String,
}
