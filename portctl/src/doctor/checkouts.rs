//! Checks that the checkouts and branches of allocations still exist, by the rules of `portctl prune`.

use std::collections::BTreeMap;
use std::convert::Infallible;

use port_registry::{Allocation, AllocationStatus, Port, ServiceState};

use super::finding::{Finding, Issue};
use crate::output::wording::{self, count};
use crate::pruning::{InUse, Prunable, PruneReason, Survey};

const CHECK: &str = "checkouts";

/// Number of checkouts that are listed.
const MAX_LISTED: usize = 10;

/// Checks the checkouts. Ports on which something listens are kept by `portctl prune`. Branches that git does not tell are
/// reported only if git is usable, because another check reports a git that is not.
pub(super) fn check(
    allocations: Option<&[Allocation]>,
    services: Option<&[AllocationStatus]>,
    is_git_usable: bool,
) -> Finding {
    let Some(allocations) = allocations else {
        return Issue::warning("not checked, because the registry cannot be read").of(CHECK);
    };
    let services = services.unwrap_or_default().iter();
    let by_port = services.map(|it| (it.allocation.port, it));
    let by_port: BTreeMap<Port, &AllocationStatus> = by_port.collect();
    let in_use = |port| Ok::<_, Infallible>(by_port.get(&port).and_then(|it| describe_use(it)));
    let Ok(survey) = Survey::of(allocations, in_use);
    let mut finding = if survey.prunable.is_empty() {
        Finding::ok(CHECK, describe_existing(&survey))
    } else {
        let number = count(survey.prunable.len(), "allocation");
        Issue::warning(format!(
            "`portctl prune` finds {number} that nothing needs:"
        ))
        .hint("`portctl prune` lists them, and `portctl prune --yes` releases their ports")
        .of(CHECK)
        .first_details(MAX_LISTED, &by_checkout(&survey.prunable))
    };
    // A checkout may be unmounted for good reasons, so that this is no warning.
    let unreached = survey.unreached.iter();
    let kept: Vec<String> = unreached
        .map(|it| format!("`portctl prune` keeps {it}"))
        .collect();
    finding = finding.first_details(MAX_LISTED, &kept);
    finding = finding.with_all(survey.in_use.iter().take(MAX_LISTED).map(issue_of));
    let failures = survey.failures.iter().filter(|_| is_git_usable);
    finding.with_all(failures.take(MAX_LISTED).map(|it| {
        Issue::warning(format!(
            "`portctl prune` keeps the allocations of deleted branches: {it}"
        ))
        .hint("`git status` in that folder shows the problem of its repository")
    }))
}

/// Describes the use of a port, to follow `which is`. Returns `None` if nothing listens on it.
fn describe_use(service: &AllocationStatus) -> Option<String> {
    match &service.listener {
        Some(listener) => Some(format!("in use by {listener}")),
        None if service.state == ServiceState::Down => None,
        None => Some("in use".to_owned()),
    }
}

/// Describes the checkouts if none is gone, or all that are have ports in use.
fn describe_existing(survey: &Survey) -> String {
    let gone = survey.in_use.iter();
    let gone = gone.filter(|it| it.reason == PruneReason::CheckoutGone);
    let mut other: Vec<_> = gone.map(|it| &it.allocation.dir).collect();
    other.dedup();
    let known = survey.existing + survey.unreached.len() + other.len();
    match (survey.existing, known) {
        (_, 0) => "no allocation records a checkout".to_owned(),
        (1, 1) => "the recorded checkout exists".to_owned(),
        (existing, known) if existing == known => format!("all {known} recorded checkouts exist"),
        (existing, known) => format!("{existing} of {known} recorded checkouts exist"),
    }
}

/// Lists the checkouts, each with the reason and its allocations.
fn by_checkout(prunable: &[Prunable]) -> Vec<String> {
    let mut checkouts: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for Prunable { allocation, reason } in prunable {
        let checkout = (wording::checkout(allocation), reason.to_string());
        let listed = checkouts.entry(checkout).or_default();
        listed.push(format!("port {} of {}", allocation.port, allocation.key));
    }
    let line = |((dir, reason), mut listed): ((&str, String), Vec<String>)| {
        let more = listed.len().saturating_sub(MAX_LISTED);
        if more > 0 {
            listed.truncate(MAX_LISTED);
            listed.push(format!("and {more} more"));
        }
        format!("{dir} ({reason}): {}", listed.join(", "))
    };
    checkouts.into_iter().map(line).collect()
}

fn issue_of(in_use: &InUse) -> Issue {
    let checkout = wording::checkout(&in_use.allocation);
    let reason = in_use.reason;
    Issue::warning(format!(
        "{checkout} ({reason}): `portctl prune` keeps {in_use}"
    ))
    .hint(in_use.advice())
}
