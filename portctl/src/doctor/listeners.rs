//! Checks that the processes on allocated ports belong to the allocations' checkouts.

use port_registry::daemon::full_message;
use port_registry::{AllocationStatus, Error, Listener, ServiceState};

use super::finding::{Finding, Issue};
use super::process;
use crate::conflict::{command_in_checkout, step_beside_foreign};
use crate::output::wording::{self, count};
use crate::whose::Whose;

const CHECK: &str = "listeners";

/// Limit of the ports that are listed, for each answer.
const MAX_LISTED: usize = 20;

/// Checks all ports.
pub(super) fn check(services: Option<Result<&[AllocationStatus], &Error>>) -> Finding {
    let services = match services {
        None => {
            return Issue::warning("not checked, because the registry cannot be read").of(CHECK);
        }
        Some(Err(error)) => {
            return Issue::warning(format!("not checked: {}", full_message(error))).of(CHECK);
        }
        Some(Ok(services)) => services,
    };
    let of_state = |state| services.iter().filter(move |it| it.state == state);
    let foreign: Vec<&AllocationStatus> = of_state(ServiceState::Foreign).collect();
    let finding = match &*foreign {
        [] => Finding::ok(CHECK, summary(services)),
        [first, ..] => report_foreign(first, &foreign),
    };
    let (hidden, unclear): (Vec<_>, Vec<_>) =
        of_state(ServiceState::Unknown).partition(|it| is_hidden(it.listener.as_ref()));
    finding
        .first_details(usize::MAX, &hidden_ports(&hidden))
        .first_details(MAX_LISTED + 1, &unclear_ports(&unclear))
}

/// Summarizes the ports if no process of another checkout is known to listen on any.
fn summary(services: &[AllocationStatus]) -> String {
    let number = |state| services.iter().filter(|it| it.state == state).count();
    let used = services.len() - number(ServiceState::Down);
    let of_all = count(services.len(), "allocated port");
    match (services.len(), used, number(ServiceState::Up)) {
        (0, ..) => "no port is allocated".to_owned(),
        (_, 0, _) => "nothing listens on any allocated port".to_owned(),
        (_, _, 0) => format!("something listens on {used} of {of_all}"),
        (_, _, own) if own == used => {
            format!("processes of their checkouts listen on {used} of {of_all}")
        }
        (_, _, own) => format!(
            "something listens on {used} of {of_all}, and on {own} of these a process of the port's checkout"
        ),
    }
}

/// Reports processes of other checkouts.
fn report_foreign(first: &AllocationStatus, foreign: &[&AllocationStatus]) -> Finding {
    let line = |command| command_in_checkout(command, &first.allocation);
    let step = step_beside_foreign(&first.allocation, first.listener.as_ref(), &line);
    let hint = match foreign.len() {
        1 => step,
        _ => format!("begin with the first: {step}"),
    };
    let ports = count(foreign.len(), "allocated port");
    let lines: Vec<String> = foreign.iter().map(|it| describe_foreign(it)).collect();
    Issue::warning(format!("another checkout's process listens on {ports}:"))
        .hint(hint)
        .of(CHECK)
        .first_details(MAX_LISTED, &lines)
}

fn describe_foreign(service: &AllocationStatus) -> String {
    let allocation = &service.allocation;
    let foreign = service.listener.as_ref().zip(allocation.dir.as_deref());
    let by = foreign.map(|(listener, root)| {
        let owner = Whose::of_listener(listener, root);
        format!(" by {listener}{owner}")
    });
    format!(
        "port {} of {} is in use{}",
        allocation.port,
        wording::holder(allocation),
        by.unwrap_or_default()
    )
}

/// Tests if only root could see more of a process.
fn is_hidden(listener: Option<&Listener>) -> bool {
    let is_unseen = listener.is_none_or(|it| it.pid.is_none() && it.container.is_none());
    is_unseen && !process::is_root()
}

/// Lists the ports of processes that only root could see.
fn hidden_ports(hidden: &[&AllocationStatus]) -> Vec<String> {
    if hidden.is_empty() {
        return Vec::new();
    }
    let ports = hidden.iter().take(MAX_LISTED);
    let mut ports: Vec<String> = ports.map(|it| it.allocation.port.to_string()).collect();
    match hidden.len().saturating_sub(MAX_LISTED) {
        0 => {}
        more => ports.push(format!("and {more} more")),
    }
    vec![format!(
        "cannot tell for {} without root whose process it is: {}",
        count(hidden.len(), "port"),
        ports.join(", ")
    )]
}

/// Lists the ports of processes whose checkout is unknown for other reasons.
fn unclear_ports(unclear: &[&AllocationStatus]) -> Vec<String> {
    if unclear.is_empty() {
        return Vec::new();
    }
    let ports = count(unclear.len(), "port");
    let mut lines = vec![format!("cannot tell for {ports} whose process it is:")];
    lines.extend(unclear.iter().map(|it| describe_unclear(it)));
    lines
}

fn describe_unclear(service: &AllocationStatus) -> String {
    let allocation = &service.allocation;
    let (by, reason) = match &service.listener {
        None => (String::new(), "the system does not name it"),
        Some(listener) => (
            format!(" by {listener}"),
            match allocation.dir {
                None => "the service has no checkout",
                Some(_) => listener.unknown_because(),
            },
        ),
    };
    format!(
        "port {} of {} is in use{by}: {reason}",
        allocation.port,
        wording::holder(allocation)
    )
}
