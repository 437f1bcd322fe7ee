//! The services of a command, and what the registry knows about its surroundings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use port_registry::{Allocation, Checkout, Filter, Port, RootKind};

use super::super::env_files::env_refresh::refresh_copied_blocks;
use super::super::env_files::wiring::{all_variables, declared_files};
use super::super::invocation::Invocation;
use super::super::services::claiming::{
    Got, PortWish, get_or_allocate, get_or_allocate_all, print_notes,
};
use super::inherited;
use crate::backend::{self, Backend, BackendError};
use crate::checkout::{Here, TypedLabels, current_folder};
use crate::command_error::CommandError;
use crate::env_file::variables::Variable;
use crate::report::Report;

/// Facts from the registry, which is closed before the command runs.
#[derive(Debug)]
pub(super) struct Services {
    /// All services of the checkout, each once.
    pub(super) all: Vec<Allocation>,
    /// Those that are named, or else all.
    pub(super) chosen: Vec<Allocation>,
    /// The variables of the checkout.
    pub(super) variables: Vec<Variable>,
    /// The root of the checkout, by which the listeners of the command are recognized.
    pub(super) root: Option<PathBuf>,
    /// The inherited variables that belong to another run.
    pub(super) foreign_variables: BTreeSet<String>,
}

impl Services {
    /// Reads the services of the checkout, and allocates those that are named and missing.
    pub(super) fn read(
        invocation: &Invocation,
        names: &[String],
        typed: TypedLabels,
        inherited: &BTreeMap<String, String>,
    ) -> Result<Services, CommandError> {
        let backend = backend::open()?;
        let here = Here::new(&*backend, typed);
        let (all, chosen) = if names.is_empty() {
            let all = existing(&*backend, &here, invocation)?;
            (all.clone(), all)
        } else {
            let got = get_or_allocate(&*backend, &here, invocation, names, PortWish::Any)?;
            print_notes(&got.notes);
            let mut chosen: Vec<Allocation> = Vec::new();
            for allocation in got.allocations {
                if chosen.iter().all(|it| it.id != allocation.id) {
                    chosen.push(allocation);
                }
            }
            (with(others(&*backend, &here, invocation)?, &chosen), chosen)
        };
        if !here.typed().are_given() {
            let files = declared_files(&here, &all)?;
            let checkout = Checkout::open(&current_folder()?)?;
            print_notes(&refresh_copied_blocks(&*backend, &checkout, &files));
        }
        let recorded = chosen.iter().find_map(|it| it.dir.as_deref());
        // Typed labels are recorded without a checkout, and any folder outside of git and of projects would be one.
        let current = here.checkout().ok();
        let current = current.filter(|it| it.root_kind() != RootKind::Plain);
        let root = recorded.or(current.map(Checkout::root));
        let is_of_other = |port| is_of_other(&*backend, &all, root, port);
        let foreign_variables = inherited::foreign(inherited, is_of_other)?;
        let root = root.map(Path::to_owned);
        Ok(Services {
            variables: all_variables(&here, &all)?,
            all,
            chosen,
            root,
            foreign_variables,
        })
    }

    /// The service whose port PORT has: the one that is named, or the only one there is.
    pub(super) fn own(&self) -> Option<&Allocation> {
        match &self.chosen[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// Reads all services of the checkout. The declared ones that are missing are allocated, because computed variables refer
/// to them.
fn others(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
) -> Result<Vec<Allocation>, CommandError> {
    if here.declarations()?.is_none() {
        return here.current();
    }
    // The services that were named count as they are now.
    let here = Here::new(backend, here.typed().clone());
    let Got { allocations, notes } = get_or_allocate_all(backend, &here, invocation)?;
    print_notes(&notes);
    Ok(allocations)
}

/// Adds allocations to those that were there before.
fn with(before: Vec<Allocation>, chosen: &[Allocation]) -> Vec<Allocation> {
    let is_replaced = |it: &Allocation| {
        let mut chosen = chosen.iter();
        chosen.any(|chosen| chosen.key.service() == it.key.service())
    };
    let kept = before.into_iter().filter(|it| !is_replaced(it));
    let mut all: Vec<Allocation> = kept.chain(chosen.iter().cloned()).collect();
    all.sort_by_key(|it| it.id);
    all
}

/// Tests if a port is allocated to another checkout than the one with this root, which has all these services.
fn is_of_other(
    backend: &dyn Backend,
    all: &[Allocation],
    root: Option<&Path>,
    port: Port,
) -> Result<bool, BackendError> {
    if all.iter().any(|it| it.port == port) {
        return Ok(false);
    }
    let holder = backend.list(&Filter::new().with_port(port))?.pop();
    Ok(holder.is_some_and(|it| match root {
        Some(root) => it.belongs_to_other_checkout(root) || it.checkout_is_gone(),
        None => it.dir.is_some(),
    }))
}

/// The allocations of all services that have a port or are declared.
fn existing(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
) -> Result<Vec<Allocation>, CommandError> {
    let Got { allocations, notes } = get_or_allocate_all(backend, here, invocation)?;
    print_notes(&notes);
    if allocations.is_empty() {
        let owner = if invocation.has_names() {
            let (app, instance) = here.labels()?;
            format!("{app}/{instance}")
        } else {
            "this checkout".to_owned()
        };
        let line = invocation.with(&["web"]);
        return Err(Report::new(format!("no service of {owner} has a port yet"))
            .hint(format!("name one, as in `{line}`"))
            .into());
    }
    Ok(allocations)
}
