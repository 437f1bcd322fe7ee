//! The ports of a Compose project: finding and allocating them, and the entries that have to change.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use port_registry::{Allocation, Port};

use super::super::invocation::Invocation;
use super::super::services::preferred::note_of_available;
use super::port_claims::{PortClaims, WantedPort};
use super::port_notes;
use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::compose::host_ports::{
    HostPort, NameRules, host_ports, moved_services, notes_of_fixed, ranges,
};
use crate::compose::model::Model;
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
    let folder = input.project_folder.file_name();
    let folder = folder.map_or_else(|| "compose".into(), |it| it.to_string_lossy());
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
    if input.allocates {
        let prefers = here.prefers_declared_ports()?;
        if prefers {
            notes.extend(notes_of_kept(backend, invocation, &ports, &found));
        }
        let mut wanted: Vec<WantedPort> = ports.iter().map(WantedPort::of_project).collect();
        for (wanted, found) in wanted.iter_mut().zip(&found) {
            wanted.held = found.as_ref().filter(|it| !here.takes_over(it)).cloned();
        }
        for service in declared.iter().flat_map(|it| &it.services) {
            if ports.iter().all(|it| it.name != service.name) && here.held(&service.name)?.is_none()
            {
                wanted.push(WantedPort::of_declared(&service.name));
            }
        }
        let claims = PortClaims {
            backend,
            here,
            invocation,
            ranges: &ranges(model),
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
    notes.extend(port_notes::of_split_ranges(
        invocation,
        &ranges(model),
        &moved,
    ));
    notes.extend(port_notes::of_environment(model, &moved));
    let new_ports = moved.iter().map(|(from, to)| (*from, to.port));
    let services = moved_services(model, &new_ports.collect());
    let mut allocations: Vec<Allocation> = Vec::new();
    for allocation in found.into_iter().flatten() {
        if allocations.iter().all(|it| it.id != allocation.id) {
            allocations.push(allocation);
        }
    }
    Ok(Assigned {
        services,
        allocations,
        names: ports.into_iter().map(|it| it.name).collect(),
        notes,
    })
}

/// Returns the allocation of a port of the project: that of its name, or else one that the checkout has for the published port
/// under a name that is none of the project's, as after `portctl get postgres --port 5432`.
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
    let mut same_port = current.iter().filter(|it| it.port == port.published);
    Ok(same_port.find(|it| !is_other(it.key.service())).cloned())
}

/// Notes the services that keep another port although the preferred one is available.
fn notes_of_kept(
    backend: &dyn Backend,
    invocation: &Invocation,
    ports: &[HostPort],
    found: &[Option<Allocation>],
) -> Vec<String> {
    let ports = ports.iter().zip(found);
    let notes = ports.filter_map(|(port, found)| {
        note_of_available(backend, invocation, found.as_ref()?, port.preferred)
    });
    notes.collect()
}
