//! Checks that the checkouts of allocations still exist.

use std::collections::BTreeMap;

use port_registry::{Allocation, CheckoutPath};

use super::finding::{Finding, Issue};
use crate::output::wording::count;

const CHECK: &str = "checkouts";

/// Number of checkouts that are listed.
const MAX_LISTED: usize = 10;

pub(super) fn check(allocations: Option<&[Allocation]>) -> Finding {
    let Some(allocations) = allocations else {
        return Issue::warning("not checked, because the registry cannot be read").of(CHECK);
    };
    // Group by checkout, so that each folder is looked at only once.
    let mut checkouts: BTreeMap<&CheckoutPath, Vec<&Allocation>> = BTreeMap::new();
    for allocation in allocations {
        if let Some(dir) = &allocation.dir {
            checkouts.entry(dir).or_default().push(allocation);
        }
    }
    let known = checkouts.len();
    checkouts.retain(|_, allocations| allocations[0].checkout_is_gone());
    if checkouts.is_empty() {
        return Finding::ok(
            CHECK,
            match known {
                0 => "no allocation records a checkout".to_owned(),
                1 => "the recorded checkout exists".to_owned(),
                known => format!("all {known} recorded checkouts exist"),
            },
        );
    }
    let number = checkouts.values().map(Vec::len).sum();
    let belong = if number == 1 { "belongs" } else { "belong" };
    let which = if checkouts.len() == 1 {
        "a checkout that is"
    } else {
        "checkouts that are"
    };
    let gone = checkouts.iter();
    let gone: Vec<String> = gone
        .map(|(dir, allocations)| format!("{dir} ({})", allocations.len()))
        .collect();
    let number = count(number, "allocation");
    Issue::warning(format!("{number} {belong} to {which} gone:"))
        .hint("`portctl prune` lists them, and `portctl prune --yes` releases their ports")
        .of(CHECK)
        .first_details(MAX_LISTED, &gone)
}
