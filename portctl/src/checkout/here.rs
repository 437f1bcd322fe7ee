//! The checkout that a command is about, and its services.

use std::cell::OnceCell;
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use port_registry::{Allocation, Checkout, Filter};

use super::typed_labels::TypedLabels;
use crate::backend::{Backend, BackendError};
use crate::command_error::CommandError;
use crate::declared::{ComposeVariables, Declarations};
use crate::report::Report;

/// Lists the allocations that match, ordered by id.
pub(super) type ListFn<'a> = dyn Fn(&Filter) -> Result<Vec<Allocation>, BackendError> + 'a;

/// The checkout that a command is run in, or the labels that its user typed instead.
///
/// A service belongs to its checkout, whatever git says its branch is. Typed labels mean the service key alone.
pub(crate) struct Here<'a> {
    pub(super) list: Box<ListFn<'a>>,
    pub(super) typed: TypedLabels,
    /// The folder whose checkout it is, unless it is the current one.
    folder: Option<PathBuf>,
    opened: OnceCell<Checkout>,
    found: OnceCell<FoundCheckout>,
    /// `None` if no project file counts.
    pub(super) declared: OnceCell<Option<Declarations>>,
    pub(super) compose_variables: OnceCell<ComposeVariables>,
}

/// A checkout, and all of its allocations, ordered by id.
#[derive(Debug)]
pub(super) struct FoundCheckout {
    pub(super) checkout: Checkout,
    pub(super) own: Vec<Allocation>,
}

impl<'a> Here<'a> {
    pub(crate) fn new(backend: &'a dyn Backend, typed: TypedLabels) -> Here<'a> {
        Here::reading(|filter| backend.list(filter), typed)
    }

    /// Reads allocations by a function instead of a backend.
    pub(crate) fn reading(
        list: impl Fn(&Filter) -> Result<Vec<Allocation>, BackendError> + 'a,
        typed: TypedLabels,
    ) -> Here<'a> {
        Here {
            list: Box::new(list),
            typed,
            folder: None,
            opened: OnceCell::new(),
            found: OnceCell::new(),
            declared: OnceCell::new(),
            compose_variables: OnceCell::new(),
        }
    }

    /// Takes the checkout of this folder, instead of the current one.
    pub(crate) fn in_folder(self, folder: &Path) -> Here<'a> {
        Here {
            folder: Some(folder.to_owned()),
            ..self
        }
    }

    pub(crate) fn typed(&self) -> &TypedLabels {
        &self.typed
    }

    /// Returns the checkout, under the path by which the registry knows it.
    pub(crate) fn checkout(&self) -> Result<&Checkout, CommandError> {
        Ok(&self.found()?.checkout)
    }

    /// Returns the checkout under its canonical path, without a look at the registry.
    pub(super) fn opened(&self) -> Result<&Checkout, CommandError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => current_folder()?,
        };
        let opened = Checkout::open(&folder)?;
        Ok(self.opened.get_or_init(|| opened))
    }

    pub(super) fn found(&self) -> Result<&FoundCheckout, CommandError> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let mut checkout = self.opened()?.clone();
        // A checkout whose path cannot be recorded has no allocations.
        let mut own = match checkout.filter() {
            Ok(filter) => (self.list)(&filter)?,
            Err(_) => Vec::new(),
        };
        if own.is_empty()
            && let Some(recorded) = checkout.recorded_among(&(self.list)(&Filter::new())?)
        {
            checkout = recorded;
            own = (self.list)(&checkout.filter()?)?;
        }
        Ok(self.found.get_or_init(|| FoundCheckout { checkout, own }))
    }
}

impl fmt::Debug for Here<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Here")
            .field("typed", &self.typed)
            .field("folder", &self.folder)
            .field("found", &self.found)
            .finish_non_exhaustive()
    }
}

/// Returns the current folder. It may have been removed.
pub(crate) fn current_folder() -> Result<PathBuf, Report> {
    env::current_dir().map_err(|error| {
        Report::new(format!("cannot find the current folder: {error}"))
            .hint("change to a folder that exists, or pass --app and --instance")
    })
}
