//! Notes on the states of services, which `portctl list` prints beside its table.

use std::collections::BTreeMap;

use port_registry::{Allocation, AllocationStatus, Port, ServiceState, StrayListener};

use super::super::invocation::Invocation;
use crate::conflict::{command_in_checkout, step_beside_foreign};
use crate::output::wording;
use crate::server::{LISTEN_ON_LOCALHOST, other_addresses};
use crate::whose::Whose;

/// The number of ports that the notes name, for each kind of note.
const MAX_NOTED: usize = 5;

/// The number of services that a note names. The others are counted.
const MAX_MEANT: usize = 3;

/// The services that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum Scope {
    /// Those that other commands find with the same labels.
    OneCheckout,
    /// Those of several checkouts.
    Several,
}

impl Scope {
    /// Names a service among those that are listed.
    fn name(self, allocation: &Allocation) -> String {
        match self {
            Scope::OneCheckout => allocation.key.service().to_owned(),
            Scope::Several => allocation.key.to_string(),
        }
    }
}

/// Notes services with foreign listeners, services out of the reach of localhost, and processes of a checkout that may be a
/// service on a wrong port. `scope` tells which services are listed.
pub(in crate::command) fn of(
    scope: Scope,
    invocation: &Invocation,
    statuses: &[AllocationStatus],
) -> Vec<String> {
    let all = || {
        let invocation = invocation.of("list").like(invocation);
        invocation.with_switch("--json", true).with::<&str>(&[])
    };
    let mut notes = Vec::new();
    for mut of_kind in [
        of_foreign(scope, invocation, statuses),
        of_addresses(scope, statuses),
        of_strays(scope, statuses),
    ] {
        let more = of_kind.len().saturating_sub(MAX_NOTED);
        of_kind.truncate(MAX_NOTED);
        notes.extend(of_kind);
        if more > 0 {
            notes.push(format!("and {more} more: `{}`", all()));
        }
    }
    notes
}

fn of_foreign(scope: Scope, invocation: &Invocation, statuses: &[AllocationStatus]) -> Vec<String> {
    let foreign = statuses
        .iter()
        .filter(|it| it.state == ServiceState::Foreign);
    let notes = foreign.filter_map(|status| {
        let (allocation, listener) = (&status.allocation, status.listener.as_ref()?);
        let port = allocation.port;
        let service = scope.name(allocation);
        let owner = Whose::of_listener(listener, allocation.dir.as_deref()?);
        let line = |command| match scope {
            Scope::OneCheckout => invocation.of(command).with(&[allocation.key.service()]),
            Scope::Several => command_in_checkout(command, allocation),
        };
        let step = step_beside_foreign(allocation, Some(listener), &line);
        Some(format!(
            "port {port} of {service} is in use by {listener}{owner}; {step}"
        ))
    });
    notes.collect()
}

fn of_addresses(scope: Scope, statuses: &[AllocationStatus]) -> Vec<String> {
    let served = statuses
        .iter()
        .filter(|it| matches!(it.state, ServiceState::Up | ServiceState::Unknown));
    let notes = served.filter_map(|status| {
        let (service, port) = (scope.name(&status.allocation), status.allocation.port);
        let listener = status.listener.as_ref()?;
        let only = other_addresses(listener)?;
        Some(format!(
            "port {port} of {service} is in use by {listener}{only}: {LISTEN_ON_LOCALHOST}"
        ))
    });
    notes.collect()
}

fn of_strays(scope: Scope, statuses: &[AllocationStatus]) -> Vec<String> {
    let mut strays: BTreeMap<Port, (&StrayListener, Vec<String>)> = BTreeMap::new();
    for status in statuses {
        let (service, port) = (scope.name(&status.allocation), status.allocation.port);
        for stray in &status.elsewhere {
            let (_, meant) = strays.entry(stray.port).or_insert((stray, Vec::new()));
            meant.push(format!("{service}'s port is {port}"));
        }
    }
    let notes = strays.into_values().map(|(stray, meant)| {
        let more = match meant.len().saturating_sub(MAX_MEANT) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let meant = meant[..meant.len().min(MAX_MEANT)].join(", ");
        format!(
            "{} listens on {}; {meant}{more}",
            stray.listener,
            wording::stray_port(stray)
        )
    });
    notes.collect()
}
