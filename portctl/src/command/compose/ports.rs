//! The ports of a Compose project: finding and allocating them, and the entries that have to change.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use port_registry::{Allocation, Port};

use super::super::invocation::Invocation;
use super::super::services::preferred::note_of_available;
use super::port_claims::PortClaims;
use super::port_notes::{self, RangeNotes};
use super::port_ranges::WantedPort;
use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::compose::host_ports::{
    HostPort, NameRules, host_ports, moved_services, notes_of_fixed, ranges,
};
use crate::compose::model::Model;
use crate::compose::name_text::name_of_folder;
use crate::compose::override_text::OverriddenService;

/// The surroundings of a Compose project.
#[derive(Clone, Copy, Debug)]
pub(super) struct PortInput<'a> {
    pub(super) project_folder: &'a Path,
    /// The missing ports are allocated. Otherwise their services stay as they are.
    pub(super) allocates: bool,
    /// The ports are those of another machine, so that no probe tells anything about them.
    pub(super) is_remote: bool,
    /// The names that other projects of the checkout have in the registry.
    pub(super) other_names: &'a BTreeSet<String>,
}

/// The ports of a Compose project.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// The services whose ports differ from those of the project's files.
    pub(super) services: Vec<OverriddenService>,
    /// The allocations of the project's ports, each once.
    pub(super) allocations: Vec<Allocation>,
    /// None of the project's ports is without an allocation.
    pub(super) is_complete: bool,
    /// The names of the project's ports in the registry, also of those without an allocation.
    pub(super) names: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Finds the allocation of each fixed host port of a project. The missing ones, and those of the services that the project
/// file declares, are allocated: all of them or none.
pub(super) fn assign(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    model: &Model,
    input: PortInput,
) -> Result<Assigned, CommandError> {
    let current = here.current()?;
    let declared = here.declarations()?;
    let folder = name_of_folder(input.project_folder);
    let held_names = current.iter().map(|it| it.key.service().to_owned());
    let rules = NameRules {
        folder: &folder,
        others: input.other_names,
        held: &held_names.collect(),
        declared: declared.map_or(&[], |it| &it.services),
    };
    let ports = host_ports(model, &rules);
    let mut notes = notes_of_fixed(model);
    let mut found = Vec::with_capacity(ports.len());
    for port in &ports {
        found.push(held(here, &current, &ports, port, input)?);
    }
    let known: Vec<Allocation> = found.iter().flatten().cloned().collect();
    notes.extend(here.notes_of_others(&known)?);
    let without = ports.iter().zip(&found).filter(|(_, it)| it.is_none());
    let new: BTreeSet<Port> = without.map(|(port, _)| port.published).collect();
    let ranges = ranges(model);
    let prefers = input.allocates && here.prefers_declared_ports()?;
    if prefers {
        let singles = ports.iter().zip(&found).filter(|(port, _)| {
            let mut ranges = ranges.iter();
            !ranges.any(|it| it.contains(&port.published.get()))
        });
        notes.extend(singles.filter_map(|(port, found)| {
            note_of_available(backend, invocation, found.as_ref()?, port.preferred)
        }));
    }
    if input.allocates {
        let mut wanted = Vec::with_capacity(ports.len());
        for (port, found) in ports.iter().zip(&found) {
            wanted.push(WantedPort {
                name: port.name.clone(),
                host_port: Some(port.clone()),
                held: found.clone().filter(|it| !here.takes_over(it)),
            });
        }
        for service in declared.iter().flat_map(|it| &it.services) {
            let name = &service.name;
            if ports.iter().all(|it| it.name != *name) && here.held(name)?.is_none() {
                wanted.push(WantedPort {
                    name: name.clone(),
                    host_port: None,
                    held: None,
                });
            }
        }
        let claims = PortClaims {
            backend,
            here,
            invocation,
            ranges: &ranges,
            prefers,
            is_remote: input.is_remote,
        };
        let got = claims.get_or_allocate(&wanted, &current)?;
        notes.extend(got.notes);
        for (found, got) in found.iter_mut().zip(got.allocations) {
            *found = Some(got);
        }
    }
    let moved = ports.iter().zip(&found);
    let moved = moved.filter_map(|(port, found)| Some((port.published, found.as_ref()?)));
    let moved: BTreeMap<Port, &Allocation> = moved.collect();
    let range_notes = RangeNotes {
        backend,
        invocation,
        prefers,
        moved: &moved,
        new: &new,
    };
    notes.extend(ranges.iter().filter_map(|it| range_notes.of(it)));
    notes.extend(port_notes::of_environment(model, &moved));
    let new_ports = moved.iter().map(|(from, to)| (*from, to.port));
    let services = moved_services(model, &new_ports.collect());
    let is_complete = found.iter().all(Option::is_some);
    let mut allocations: Vec<Allocation> = Vec::new();
    for allocation in found.into_iter().flatten() {
        if allocations.iter().all(|it| it.id != allocation.id) {
            allocations.push(allocation);
        }
    }
    Ok(Assigned {
        services,
        allocations,
        is_complete,
        names: ports.into_iter().map(|it| it.name).collect(),
        notes,
    })
}

/// Returns the allocation of a port of the project. It has the name of the port, or else the published number under a name that
/// the project does not use, as after `portctl get postgres --port 5432`.
///
/// A linked worktree takes such a number only under an older name of the service, because `portctl get web` may have got the
/// number that the main checkout prefers for another service.
fn held(
    here: &Here,
    current: &[Allocation],
    ports: &[HostPort],
    port: &HostPort,
    input: PortInput,
) -> Result<Option<Allocation>, CommandError> {
    let by_name = if input.allocates {
        here.held(&port.name)?
    } else {
        let mut current = current.iter();
        current.find(|it| it.key.service() == port.name).cloned()
    };
    if by_name.is_some() {
        return Ok(by_name);
    }
    let is_other =
        |name: &str| input.other_names.contains(name) || ports.iter().any(|it| it.name == name);
    let prefers = here.prefers_declared_ports()?;
    let is_own = |name: &str| {
        let rest = name.strip_prefix(&*port.base);
        prefers || rest.is_some_and(|it| it.is_empty() || it.starts_with('-'))
    };
    let mut same_port = current.iter().filter(|it| it.port == port.published);
    let found = same_port.find(|it| is_own(it.key.service()) && !is_other(it.key.service()));
    Ok(found.cloned())
}
