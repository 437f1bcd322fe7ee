//! Checks that the registry's files are readable, writable and consistent.

use port_registry::{Allocation, Builder, Error};

use super::finding::{Finding, Issue};
use crate::output::wording::count;
use crate::report::Report;

const CHECK: &str = "store";

/// Checks the files. Also returns the allocations, if they can be read.
pub(super) fn check() -> (Finding, Option<Vec<Allocation>>) {
    let found = match Builder::from_env().and_then(Builder::inspect) {
        Ok(found) => found,
        Err(error) => return (issue(error).of(CHECK), None),
    };
    let path = found.path.display();
    let finding = match found.format_version {
        None => Finding::ok(
            CHECK,
            format!("{path} does not exist yet; the first allocation creates it"),
        ),
        Some(version) => Finding::ok(
            CHECK,
            format!(
                "{path}: format version {version}, {}, {}",
                count(found.allocations.len(), "allocation"),
                journaled(found.journaled_changes)
            ),
        ),
    };
    let finding = finding.with_all(found.obstacle.map(issue));
    (finding, Some(found.allocations))
}

/// Describes the journal.
fn journaled(changes: Option<usize>) -> String {
    match changes {
        Some(changes) => format!("{} in the journal", count(changes, "change")),
        None => "without the latest changes, because the journal is missing".to_owned(),
    }
}

/// Converts an error with its hint.
fn issue(error: Error) -> Issue {
    Report::from(error).into()
}
