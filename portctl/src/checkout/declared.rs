//! The services that the project file of a checkout declares.

use port_registry::{Allocation, Claim};

use super::here::{Here, current_folder};
use crate::command_error::CommandError;
use crate::declared::{Declarations, PROJECT_FILE, References};

impl Here<'_> {
    /// Returns the declarations of the project file at the root. Returns `None` if there is none, or if another app was
    /// typed. They are read once, and without git unless only an app was typed.
    ///
    /// # Errors
    ///
    /// Reports a file with a mistake, unless both labels were typed, because these need no checkout.
    pub(crate) fn declarations(&self) -> Result<Option<&Declarations>, CommandError> {
        if let Some(read) = self.declared.get() {
            return Ok(read.as_ref());
        }
        let typed = self.typed();
        let needs_checkout = typed.app().is_none() || typed.instance().is_none();
        let read = match self.read_declarations() {
            Err(_) if !needs_checkout => None,
            read => read?,
        };
        Ok(self.declared.get_or_init(|| read).as_ref())
    }

    fn read_declarations(&self) -> Result<Option<Declarations>, CommandError> {
        let compose = || self.compose_variables().clone();
        let Some(declared) = Declarations::read(self.opened()?, &compose)? else {
            return Ok(None);
        };
        match self.typed().app() {
            Some(app) if app != self.own_app()? => Ok(None),
            _ => Ok(Some(declared)),
        }
    }

    /// Lets a claim prefer the port that the project file declares for the service, and leave those of the other services
    /// to them. A linked worktree leaves all of them to the main checkout, if there is one.
    pub(super) fn with_wishes(&self, claim: Claim) -> Result<Claim, CommandError> {
        let Some(declared) = self.declarations()? else {
            return Ok(claim);
        };
        let prefers = self.prefers_declared_ports()?;
        let service = declared.service(claim.key().service());
        let preferred = service.and_then(|it| it.preferred);
        let preferred = preferred.filter(|_| prefers);
        let mut others = declared.preferred_ports();
        others.retain(|port| Some(*port) != preferred);
        let claim = claim.with_avoided_ports(others);
        Ok(match preferred {
            Some(port) => claim.with_prefer(port),
            None => claim,
        })
    }

    /// Returns true if the declared services get their preferred ports here: not in a linked worktree, if there is a main
    /// checkout.
    pub(crate) fn prefers_declared_ports(&self) -> Result<bool, CommandError> {
        Ok(!self.opened()?.is_beside_main_checkout())
    }

    /// Returns the values of references: the ports of these allocations, and the labels of the checkout.
    pub(crate) fn references<'a>(
        &self,
        declared: &Declarations,
        allocations: &'a [Allocation],
    ) -> Result<References<'a>, CommandError> {
        let labels = if !declared.needs_labels() {
            (String::new(), String::new())
        } else if self.typed().are_given() {
            self.labels()?
        } else {
            // A checkout gets its name from its first allocation, which may have been made after the others were read.
            let named = allocations.iter().find_map(Allocation::checkout_name);
            match self.name().or(named) {
                Some(name) => (name.app().to_owned(), name.instance().to_owned()),
                None => self.labels()?,
            }
        };
        Ok(References::new(allocations, labels))
    }

    /// Names the project files between the current folder and the root of the checkout, which do not count.
    pub(crate) fn notes_of_project_files(&self) -> Vec<String> {
        let (Ok(folder), Ok(checkout)) = (current_folder(), self.opened()) else {
            return Vec::new();
        };
        let folder = folder.canonicalize().unwrap_or(folder);
        let root = checkout.root();
        let below = folder.ancestors().take_while(|it| *it != root);
        let below = below.filter(|it| it.starts_with(root));
        let files = below.map(|it| it.join(PROJECT_FILE));
        let files = files.filter(|it| it.is_file());
        let notes = files.map(|it| {
            let root = root.display();
            format!(
                "{} is not read; the project file is at the root of the checkout, {root}",
                it.display()
            )
        });
        notes.collect()
    }
}
