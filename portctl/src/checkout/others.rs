//! Allocations of other checkouts that typed labels select.

use port_registry::Allocation;

use super::here::Here;
use crate::command_error::CommandError;
use crate::output::wording;
use crate::report::Report;

impl Here<'_> {
    /// Tells which of the allocations with typed labels belong to other checkouts, each checkout once.
    ///
    /// # Errors
    ///
    /// Fails like [`refuse_variable_for`](Self::refuse_variable_for).
    pub(crate) fn notes_of_others(
        &self,
        allocations: &[Allocation],
    ) -> Result<Vec<String>, CommandError> {
        self.notes_of_more_others(&[], allocations)
    }

    /// Like [`notes_of_others`](Self::notes_of_others), but leaves out the checkouts of `known` allocations, which were noted before.
    pub(crate) fn notes_of_more_others(
        &self,
        known: &[Allocation],
        allocations: &[Allocation],
    ) -> Result<Vec<String>, CommandError> {
        self.refuse_variable_for(allocations)?;
        let mut notes = Vec::new();
        let known = known.iter().filter(|it| self.is_of_other(it));
        let mut seen: Vec<_> = known.map(|it| &it.dir).collect();
        for allocation in allocations {
            if !seen.contains(&&allocation.dir) && self.is_of_other(allocation) {
                seen.push(&allocation.dir);
                notes.push(note(allocation));
            }
        }
        Ok(notes)
    }

    /// Fails if an environment variable typed the labels of an allocation of another checkout, because it is most likely
    /// set for all checkouts by mistake.
    pub(crate) fn refuse_variable_for(
        &self,
        allocations: &[Allocation],
    ) -> Result<(), CommandError> {
        let Some((variable, value)) = self.typed().variable() else {
            return Ok(());
        };
        match allocations.iter().find(|it| self.is_of_other(it)) {
            None => Ok(()),
            Some(other) => Err(Report::new(format!("{variable}={value}: {}", note(other)))
                .holder(other.clone())
                .hint(format!("`unset {variable}`, or pass --app and --instance"))
                .into()),
        }
    }

    fn is_of_other(&self, allocation: &Allocation) -> bool {
        self.typed().are_given() && !self.is_within_reach(allocation)
    }
}

fn note(allocation: &Allocation) -> String {
    let dir = wording::checkout(allocation);
    format!("{} belongs to another checkout, {dir}", allocation.key)
}
