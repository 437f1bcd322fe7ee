//! Names of Compose projects, of which linked worktrees need their own.
//!
//! Compose keeps volumes by the name of the project. So a name is changed only if two checkouts would share it, and it is
//! decided once.

use std::path::{Path, PathBuf};

use port_registry::Checkout;

use super::compose_folder::ComposeFolder;
use super::name_source::NameSource;
use super::name_text::{name_of_folder, part_of};
use super::other_checkouts::OtherCheckouts;
use super::record::Record;
use crate::report::Report;

/// The project whose name is decided.
#[derive(Debug)]
pub(crate) struct NameInput<'a> {
    pub(crate) checkout: &'a Checkout,
    /// The instance of the checkout. Only linked worktrees need it.
    pub(crate) instance: &'a str,
    /// The name that Compose itself gives the project.
    pub(crate) own_name: &'a str,
    pub(crate) project_folder: &'a Path,
    pub(crate) source: NameSource,
    /// The roots of the registry's checkouts.
    pub(crate) other_checkouts: &'a [PathBuf],
    pub(crate) folder: &'a ComposeFolder,
    /// Records the name, so that no other checkout gets it.
    pub(crate) records: bool,
}

/// The decided name of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) name: String,
    /// It differs from the name that Compose gives the project if nothing sets the decided one.
    pub(crate) is_changed: bool,
    /// It was decided just now.
    pub(crate) is_new: bool,
    pub(crate) notes: Vec<String>,
    /// The record of the project, to be completed and saved.
    pub(crate) record: Record,
}

/// Decides the name of a project, or finds the decided one.
///
/// # Errors
///
/// Fails if the name is to be recorded, and cannot be.
pub(crate) fn decide(input: &NameInput) -> Result<Decided, Report> {
    let lock = input.records.then(|| input.folder.lock()).transpose()?;
    let decided = Naming::of(input).decide();
    if input.records {
        input.folder.save(&decided.record)?;
    }
    drop(lock);
    Ok(decided)
}

/// The facts about a project whose name is decided.
struct Naming<'a> {
    input: &'a NameInput<'a>,
    record: Record,
    /// The record is an earlier one.
    is_recorded: bool,
    others: OtherCheckouts<'a>,
}

impl<'a> Naming<'a> {
    fn of(input: &'a NameInput<'a>) -> Naming<'a> {
        let root = input.checkout.root();
        let recorded = input.folder.record_of(root, input.project_folder);
        let others = OtherCheckouts::new(
            input.checkout,
            input.other_checkouts,
            input.folder.records(),
        );
        let new = Record {
            worktree: input.checkout.worktree_git_dir(),
            ..Record::new(root, input.project_folder)
        };
        // The project of a worktree moves with it.
        let recorded = recorded.or_else(|| others.record_before_move(&new).cloned());
        let is_recorded = recorded.is_some();
        let record = Record {
            checkout: new.checkout.clone(),
            folder: new.folder.clone(),
            worktree: new.worktree.clone(),
            ..recorded.unwrap_or(new)
        };
        Naming {
            input,
            record,
            is_recorded,
            others,
        }
    }

    fn decide(mut self) -> Decided {
        let own_name = self.input.own_name;
        if self.input.source == NameSource::Flag {
            // The name of one command, which decides nothing.
            if !self.is_recorded {
                own_name.clone_into(&mut self.record.project);
            }
            return self.decided(own_name.to_owned(), false, Vec::new());
        }
        if !self.input.checkout.is_linked_worktree() {
            let notes = self.others.record_with(own_name);
            let notes = notes.map(|it| {
                let checkout = it.checkout.display();
                format!(
                    "{checkout} has used the project name {own_name} too, so both checkouts share containers and volumes"
                )
            });
            let notes = notes.into_iter().collect();
            return self.with_name(own_name.to_owned(), notes);
        }
        // An override that portctl has made, or the environment that an earlier call set, may have the decided name already.
        let is_decided = own_name == self.record.own_name || own_name == self.record.project;
        if self.is_recorded && !self.record.own_name.is_empty() && is_decided {
            let name = self.record.project.clone();
            return Decided {
                // All overrides name it, also those made while the environment or an env file names it already.
                is_changed: name != self.record.own_name,
                ..self.decided(name, false, Vec::new())
            };
        }
        let Some(sharing) = self.sharing() else {
            return self.with_name(own_name.to_owned(), Vec::new());
        };
        let name = self.available_name();
        let note = format!(
            "this worktree's Compose project is {name}, because {own_name} is also that of {sharing}; its volumes are \
             its own"
        );
        self.with_name(name, vec![note])
    }

    /// Decides on a name.
    fn with_name(mut self, name: String, notes: Vec<String>) -> Decided {
        let is_new = self.record.project != name || self.record.own_name.is_empty();
        self.record.project.clone_from(&name);
        self.input.own_name.clone_into(&mut self.record.own_name);
        self.decided(name, is_new, notes)
    }

    fn decided(self, name: String, is_new: bool, notes: Vec<String>) -> Decided {
        Decided {
            is_changed: name != self.input.own_name,
            name,
            is_new,
            notes,
            record: self.record,
        }
    }

    /// Names the checkout that would share Compose's own name. Returns `None` if there is none.
    fn sharing(&self) -> Option<String> {
        let own_name = self.input.own_name;
        let (source, others) = (self.source(), &self.others);
        let sharing = match &source {
            NameSource::Flag => None,
            // Equal in all checkouts. A lone worktree of a bare repository keeps it.
            NameSource::Environment | NameSource::File => others.worktree(),
            NameSource::EnvFile(file) => others
                .with_equal_env_file(file, own_name)
                .or_else(|| others.with_folder_named(own_name)),
            NameSource::Folder => others.with_equal_folder(self.input.project_folder, own_name),
        };
        let sharing = sharing.or_else(|| Some(&*others.record_with(own_name)?.checkout));
        let sharing = sharing.map(|it| it.display().to_string());
        // The main checkout may be on a file system that does not respond.
        let is_beside = || {
            let is_shared = matches!(source, NameSource::Environment | NameSource::File);
            is_shared && self.input.checkout.is_beside_main_checkout()
        };
        sharing.or_else(|| is_beside().then(|| "the main checkout".to_owned()))
    }

    /// Returns the source of Compose's own name. If no source was found and the name is not the folder's, it is in a file,
    /// which may be unreadable or in a form that portctl does not understand.
    fn source(&self) -> NameSource {
        let folder = self.input.project_folder;
        let is_named = |folder: &Path| name_of_folder(folder) == self.input.own_name;
        let is_of_folder =
            || is_named(folder) || folder.canonicalize().is_ok_and(|it| is_named(&it));
        match &self.input.source {
            NameSource::Folder if !is_of_folder() => NameSource::File,
            source => source.clone(),
        }
    }

    /// Returns a name that no other checkout has.
    fn available_name(&self) -> String {
        let NameInput {
            checkout,
            own_name,
            instance,
            ..
        } = self.input;
        let part = part_of(instance);
        let plain = format!("{own_name}-{part}");
        let plain = plain.trim_end_matches('-');
        let marked = Checkout::MARK_LENGTHS.map(|it| format!("{plain}-{}", checkout.mark(it)));
        let [.., longest] = marked.clone();
        let plain = (!part.is_empty()).then(|| plain.to_owned());
        let mut names = plain.into_iter().chain(marked);
        let is_available = |name: &String| {
            self.others.record_with(name).is_none() && self.others.with_folder_named(name).is_none()
        };
        names.find(is_available).unwrap_or(longest)
    }
}

#[cfg(test)]
mod tests;
