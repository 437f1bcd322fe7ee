//! Remarks about the ports of a Compose project.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use port_registry::{Allocation, Port};

use super::super::invocation::Invocation;
use crate::compose::model::Model;
use crate::env_file::{OutsideAssignment, mentioned_ports};

/// The number of variables that are mentioned.
const MAX_VARIABLES: usize = 10;

/// Notes the ranges that stay as they are, because their ports are not consecutive any more.
pub(super) fn of_split_ranges(
    invocation: &Invocation,
    ranges: &[RangeInclusive<u16>],
    moved: &BTreeMap<Port, &Allocation>,
) -> Vec<String> {
    let notes = ranges.iter().filter_map(|range| {
        let ports = range.clone().filter_map(|it| Port::new(it).ok());
        let allocations: Option<Vec<&Allocation>> =
            ports.map(|it| moved.get(&it).copied()).collect();
        let allocations = allocations?;
        let first = allocations.first()?.port.get();
        let expected = (first..).zip(&allocations);
        let are_consecutive = expected.fold(true, |all, (port, it)| all && it.port.get() == port);
        (!are_consecutive).then(|| {
            let names: Vec<&str> = allocations.iter().map(|it| it.key.service()).collect();
            let line = invocation.of("release").with(&names);
            format!(
                "the ports of the range {}-{} are not consecutive, so it stays as it is; after `{line}` it gets others",
                range.start(),
                range.end()
            )
        })
    });
    notes.collect()
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
