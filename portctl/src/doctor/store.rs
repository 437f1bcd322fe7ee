//! The registry's file: whether it can be read and changed, and agrees with itself.

use port_registry::{Allocation, Builder, Error};

use super::finding::{Finding, Issue};
use crate::failure::Report;
use crate::wording::count;

const CHECK: &str = "store";

/// Gives the allocations too, if they can be read.
pub(super) fn check() -> (Finding, Option<Vec<Allocation>>) {
    let found = match Builder::from_env().and_then(Builder::examine) {
        Ok(found) => found,
        Err(error) => return (issue(error).of(CHECK), None),
    };
    let path = found.path.display();
    let finding = match found.format_version {
        None => Finding::ok(
            CHECK,
            format!("{path}: there is none yet; the first allocation creates it"),
        ),
        Some(version) => Finding::ok(
            CHECK,
            format!(
                "{path}: format version {version}, {}",
                count(found.allocations.len(), "allocation")
            ),
        ),
    };
    let finding = finding.but_all(found.obstacle.map(issue));
    (finding, Some(found.allocations))
}

/// What is wrong. Most errors tell the way out themselves.
fn issue(error: Error) -> Issue {
    Report::from(error).into()
}
