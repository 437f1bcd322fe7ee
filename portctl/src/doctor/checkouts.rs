//! Checks that the checkouts of allocations still exist, by the rules of `portctl prune`.

use std::collections::BTreeMap;
use std::convert::Infallible;

use port_registry::{Allocation, Listener, Port};

use super::finding::{Finding, Issue};
use crate::output::wording::{self, count};
use crate::pruning::{InUse, Prunable, Survey};

const CHECK: &str = "checkouts";

/// Number of checkouts that are listed.
const MAX_LISTED: usize = 10;

/// Checks the checkouts. Ports on which something listens are kept by `portctl prune`.
pub(super) fn check(
    allocations: Option<&[Allocation]>,
    listeners: &BTreeMap<Port, Listener>,
) -> Finding {
    let Some(allocations) = allocations else {
        return Issue::warning("not checked, because the registry cannot be read").of(CHECK);
    };
    let listener_on = |port| Ok::<_, Infallible>(listeners.get(&port).cloned());
    let Ok(survey) = Survey::of(allocations, listener_on);
    let mut finding = if survey.prunable.is_empty() {
        Finding::ok(CHECK, describe_existing(&survey))
    } else {
        let gone = gone_checkouts(&survey.prunable);
        let number = survey.prunable.len();
        let belong = if number == 1 { "belongs" } else { "belong" };
        let which = if gone.len() == 1 {
            "a checkout that is"
        } else {
            "checkouts that are"
        };
        let number = count(number, "allocation");
        Issue::warning(format!("{number} {belong} to {which} gone:"))
            .hint("`portctl prune` lists them, and `portctl prune --yes` releases their ports")
            .of(CHECK)
            .first_details(MAX_LISTED, &gone)
    };
    // A checkout may be unmounted for good reasons, so that this is no warning.
    let unreached = survey.unreached.iter();
    let kept: Vec<String> = unreached
        .map(|it| format!("`portctl prune` keeps {it}"))
        .collect();
    finding = finding.first_details(MAX_LISTED, &kept);
    finding.with_all(survey.in_use.iter().take(MAX_LISTED).map(issue_of))
}

/// Describes the checkouts if none is gone, or all that are have ports in use.
fn describe_existing(survey: &Survey) -> String {
    let mut other: Vec<_> = survey.in_use.iter().map(|it| &it.allocation.dir).collect();
    other.dedup();
    let known = survey.existing + survey.unreached.len() + other.len();
    match (survey.existing, known) {
        (_, 0) => "no allocation records a checkout".to_owned(),
        (1, 1) => "the recorded checkout exists".to_owned(),
        (existing, known) if existing == known => format!("all {known} recorded checkouts exist"),
        (existing, known) => format!("{existing} of {} exist", count(known, "recorded checkout")),
    }
}

/// The checkouts, each with its allocations.
fn gone_checkouts(prunable: &[Prunable]) -> Vec<String> {
    let mut by_checkout: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Prunable { allocation, .. } in prunable {
        let listed = by_checkout
            .entry(wording::checkout(allocation))
            .or_default();
        listed.push(format!("port {} of {}", allocation.port, allocation.key));
    }
    let by_checkout = by_checkout.into_iter();
    by_checkout
        .map(|(dir, mut listed)| {
            let more = listed.len().saturating_sub(MAX_LISTED);
            if more > 0 {
                listed.truncate(MAX_LISTED);
                listed.push(format!("and {more} more"));
            }
            format!("{dir}: {}", listed.join(", "))
        })
        .collect()
}

fn issue_of(in_use: &InUse) -> Issue {
    let checkout = wording::checkout(&in_use.allocation);
    Issue::warning(format!(
        "{checkout} is gone, but `portctl prune` keeps {in_use}"
    ))
    .hint(in_use.advice())
}
