//! Remarks about the ports of a Compose project.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use port_registry::{Allocation, Port};

use super::super::invocation::Invocation;
use crate::backend::Backend;
use crate::compose::host_ports::are_consecutive;
use crate::compose::model::Model;
use crate::env_file::{OutsideAssignment, mentioned_ports};
use crate::output::wording;

/// The number of variables that are mentioned.
const MAX_VARIABLES: usize = 10;

/// Notes ranges, each by one line, whose ports are not consecutive any more, or not the usual ones although this checkout
/// prefers these.
pub(super) struct RangeNotes<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) invocation: &'a Invocation,
    pub(super) prefers: bool,
    /// The allocations by their published ports.
    pub(super) moved: &'a BTreeMap<Port, &'a Allocation>,
    /// The published ports that had no allocation before.
    pub(super) new: &'a BTreeSet<Port>,
}

impl RangeNotes<'_> {
    pub(super) fn of(&self, range: &RangeInclusive<u16>) -> Option<String> {
        let ports = range.clone().filter_map(|it| Port::new(it).ok());
        let ports: Vec<Port> = ports.collect();
        let allocations = ports.iter().map(|it| self.moved.get(it).copied());
        let allocations: Vec<&Allocation> = allocations.collect::<Option<_>>()?;
        let (first, last) = (allocations.first()?.port, allocations.last()?.port);
        let names: Vec<&str> = allocations.iter().map(|it| it.key.service()).collect();
        let release = self.invocation.of("release").with(&names);
        let usual = format!("{}-{}", range.start(), range.end());
        let own: Vec<Port> = allocations.iter().map(|it| it.port).collect();
        if !are_consecutive(&own) {
            return Some(format!(
                "the ports of the range {usual} are not consecutive, so it stays as it is; after `{release}` it gets others"
            ));
        }
        if !self.prefers || own == ports {
            return None;
        }
        let is_own = |it: &Allocation| allocations.iter().any(|own| own.id == it.id);
        let blocked = ports.iter().find_map(|it| {
            let status = self.backend.check(*it).ok()?;
            match (&status.holder, &status.in_use) {
                (Some(holder), _) if is_own(holder) => None,
                (Some(holder), _) => Some(format!(
                    "port {it} is allocated to {}",
                    wording::holder(holder)
                )),
                (None, Some(in_use)) => Some(format!("port {it} is {in_use}")),
                (None, None) => None,
            }
        });
        match blocked {
            None => Some(format!(
                "the range {usual} keeps the ports {first}-{last}, though its own are available; after `{release}` it gets these"
            )),
            Some(reason) if ports.iter().any(|it| self.new.contains(it)) => Some(format!(
                "the range {usual} got the ports {first}-{last}, because {reason}"
            )),
            Some(_) => None,
        }
    }
}

/// Notes the variables of containers that mention a moved port on this machine. They may be meant for programs outside of the
/// containers, which use the new port, so they are never changed.
pub(super) fn of_environment(model: &Model, moved: &BTreeMap<Port, &Allocation>) -> Vec<String> {
    let mut notes = Vec::new();
    for service in &model.services {
        for (name, value) in &service.environment {
            for port in local_ports(value) {
                let moved = moved.get(&port).filter(|it| it.port != port);
                notes.extend(moved.map(|it| {
                    format!(
                        "environment of {}: {name} mentions port {port}, but {} has port {} here",
                        service.name,
                        it.key.service(),
                        it.port
                    )
                }));
            }
        }
    }
    let others = notes.len().saturating_sub(MAX_VARIABLES);
    if others > 0 {
        notes.truncate(MAX_VARIABLES);
        notes.push(format!("{others} more variables mention such ports"));
    }
    notes
}

/// Returns the ports of this machine in the value of a container's variable.
fn local_ports(value: &str) -> Vec<Port> {
    let assignment = OutsideAssignment {
        line: 0,
        // A plain number is most likely the container's own port.
        name: String::new(),
        // The address that a container's server listens on.
        value: value.replace("0.0.0.0", "").into_bytes(),
    };
    let ports = mentioned_ports(&assignment).into_iter();
    ports.filter_map(|it| Port::new(it).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::local_ports;

    #[test]
    fn only_addresses_of_this_machine_count() {
        for (value, expected) in [
            ("http://localhost:3000/a", &[3000][..]),
            ("host.docker.internal:5432 127.0.0.1:80", &[80, 5432]),
            ("0.0.0.0:3000", &[]),
            ("3000", &[]),
            ("postgres://db:5432/shop", &[]),
            ("http://localhost:0", &[]),
        ] {
            let ports: Vec<u16> = local_ports(value).iter().map(|it| it.get()).collect();
            assert_eq!(ports, expected, "{value}");
        }
    }
}
