//! Names of Compose projects, of which linked worktrees need their own.
//!
//! Compose keeps volumes by the name of the project, so a name is changed only if two checkouts would share it, and it is
//! decided once.

use std::path::{Path, PathBuf};

use port_registry::{Checkout, CheckoutState};

use super::name_source::{NameSource, PROJECT_NAME_VARIABLE};
use super::records::{ComposeFolder, Record};
use crate::env_file::read_small;
use crate::environment;
use crate::report::Report;
use crate::scan::value_of;

/// The longest part of a name that an instance makes. Longer ones may get a mark.
const MAX_INSTANCE_LEN: usize = 40;

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
    /// It is not the name that Compose itself gives the project.
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

/// Changes a text to a name as Compose does with the name of a folder. It may be empty.
pub(crate) fn normalized(text: &str) -> String {
    let mut name = text.to_lowercase();
    name.retain(is_allowed);
    name.trim_start_matches(['_', '-']).to_owned()
}

fn is_allowed(it: char) -> bool {
    it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_' || it == '-'
}

/// Changes an instance to a part of a name. It may be empty.
fn part_of(instance: &str) -> String {
    let text = instance.to_lowercase();
    let words = text.split(|it| !is_allowed(it));
    let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
    let mut part = words.join("-");
    part.truncate(MAX_INSTANCE_LEN);
    part.trim_matches(['_', '-']).to_owned()
}

/// The facts about a project whose name is decided.
struct Naming<'a> {
    input: &'a NameInput<'a>,
    record: Record,
    /// The record is an earlier one.
    is_recorded: bool,
    /// The records of other checkouts.
    others: Vec<Record>,
    /// The other checkouts of the repository.
    worktrees: Vec<PathBuf>,
}

impl<'a> Naming<'a> {
    fn of(input: &'a NameInput<'a>) -> Naming<'a> {
        let root = input.checkout.root();
        let recorded = input.folder.record_of(root, input.project_folder);
        let is_recorded = recorded.is_some();
        let record = recorded.unwrap_or_else(|| Record::new(root, input.project_folder));
        let mut others = input.folder.records();
        others.retain(|it| it.checkout != root);
        Naming {
            input,
            record,
            is_recorded,
            others,
            worktrees: input.checkout.other_worktrees(),
        }
    }

    fn decide(mut self) -> Decided {
        let own_name = self.input.own_name;
        if self.input.source == NameSource::Flag {
            // The name of one command, which decides nothing.
            if !self.is_recorded {
                self.record.project = own_name.to_owned();
            }
            return self.decided(own_name.to_owned(), false, Vec::new());
        }
        if !self.input.checkout.is_linked_worktree() {
            let notes = self.record_with(own_name);
            let notes = notes.map(|it| {
                let checkout = it.checkout.display();
                format!(
                    "{checkout} has used the project name {own_name} too, so both checkouts share containers and volumes"
                )
            });
            let notes = notes.into_iter().collect();
            return self.with_name(own_name.to_owned(), notes);
        }
        let is_decided = self.record.own_name == own_name
            // An earlier call may have put the decided name into the environment.
            || (self.input.source == NameSource::Environment && self.record.project == own_name);
        if self.is_recorded && !self.record.own_name.is_empty() && is_decided {
            let name = self.record.project.clone();
            return self.decided(name, false, Vec::new());
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
        self.record.own_name = self.input.own_name.to_owned();
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
        let sharing = match &self.input.source {
            NameSource::Flag => None,
            // The same for all checkouts. A lone worktree of a bare repository keeps it.
            NameSource::Environment | NameSource::File => self.worktrees.first().cloned(),
            NameSource::EnvFile(file) => self.with_equal_env_file(file),
            NameSource::Folder => self.with_equal_folder(),
        };
        let sharing = sharing.or_else(|| Some(self.record_with(own_name)?.checkout.clone()));
        let sharing = sharing.map(|it| it.display().to_string());
        // Its file system may not respond.
        let is_beside = || {
            let is_shared = matches!(
                self.input.source,
                NameSource::Environment | NameSource::File
            );
            is_shared && self.input.checkout.is_beside_main_checkout()
        };
        sharing.or_else(|| is_beside().then(|| "the main checkout".to_owned()))
    }

    /// Finds a checkout of the repository whose env file at the same place sets the same name.
    fn with_equal_env_file(&self, file: &Path) -> Option<PathBuf> {
        let Some(path) = self.path_in_checkout(file) else {
            // All checkouts read the same file.
            return self.worktrees.first().cloned();
        };
        let variables = environment::all();
        let mut others = self.worktrees.iter();
        let found = others.find(|root| {
            let text = read_small(&root.join(&path)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let value = value_of(&text, &variables, PROJECT_NAME_VARIABLE);
            value.as_deref() == Some(self.input.own_name)
        });
        found.cloned()
    }

    /// Finds a checkout in which a project would get the same name by its folder.
    fn with_equal_folder(&self) -> Option<PathBuf> {
        let path = self.path_in_checkout(self.input.project_folder)?;
        if path.as_os_str().is_empty() {
            return self.checkout_named(self.input.own_name);
        }
        let mut others = self.other_roots();
        others.find(|it| exists(&it.join(&path))).cloned()
    }

    /// Returns the path of an existing entry below the root of the checkout.
    fn path_in_checkout(&self, entry: &Path) -> Option<PathBuf> {
        let root = self.input.checkout.root().canonicalize().ok()?;
        let entry = entry.canonicalize().ok()?;
        entry.strip_prefix(root).ok().map(Path::to_owned)
    }

    /// The other checkouts of the repository and of the registry.
    fn other_roots(&self) -> impl Iterator<Item = &PathBuf> {
        let others = self.worktrees.iter().chain(self.input.other_checkouts);
        others.filter(|it| *it != self.input.checkout.root())
    }

    /// Finds another checkout whose folder gives its project this name.
    fn checkout_named(&self, name: &str) -> Option<PathBuf> {
        let mut others = self.other_roots();
        let is_named = |root: &Path| {
            let folder = root.file_name().unwrap_or_default().to_string_lossy();
            normalized(&folder) == name && exists(root)
        };
        others.find(|it| is_named(it)).cloned()
    }

    /// Finds a record of another existing checkout with this name.
    fn record_with(&self, name: &str) -> Option<&Record> {
        let mut others = self.others.iter();
        others.find(|it| it.project == name && exists(&it.checkout))
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
        let is_available =
            |name: &String| self.record_with(name).is_none() && self.checkout_named(name).is_none();
        names.find(is_available).unwrap_or(longest)
    }
}

/// Tests if a folder exists, or may only be out of reach.
fn exists(folder: &Path) -> bool {
    Checkout::state_of(folder) != CheckoutState::Gone
}
