//! `portctl prune`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use port_registry::{Allocation, CheckoutPath, Filter};

use super::outcome::{CommandResult, Done};
use super::release::{describe, release_listed};
use crate::args::PruneArgs;
use crate::backend;
use crate::command_error::CommandError;
use crate::output::{self, Columns, visible, wording};

pub(crate) fn run(args: &PruneArgs) -> CommandResult {
    if args.yes && args.dry_run {
        return Err(CommandError::usage(
            "--yes releases, and --dry-run only shows; leave one of the two out",
        ));
    }
    let backend = backend::open()?;
    let mut gone = of_gone_checkouts(&backend.list(&Filter::new())?);
    if args.yes {
        gone = release_listed(&*backend, &gone)?;
    }
    Ok(Done::Printed(if args.json {
        output::print_json(&gone)
    } else if gone.is_empty() {
        output::remark("nothing to prune: every recorded checkout exists")
    } else if args.yes {
        output::print(&describe("released", &gone))
    } else {
        output::print_rows(&COLUMNS, &gone.iter().map(row).collect::<Vec<_>>()).and_then(|()| {
            output::note("their checkouts are gone; `portctl prune --yes` releases them")
        })
    }))
}

const COLUMNS: Columns = Columns {
    headings: &["ID", "SERVICE", "PORT", "CHECKOUT"],
    names: &[1, 3],
    needed: 4,
};

fn row(allocation: &Allocation) -> Vec<Cow<'_, str>> {
    let key = allocation.key.to_string();
    vec![
        Cow::from(allocation.id.to_string()),
        Cow::from(visible(&key).into_owned()),
        Cow::from(allocation.port.to_string()),
        Cow::from(visible(wording::checkout(allocation)).into_owned()),
    ]
}

/// The allocations whose checkout is gone. Each checkout is looked up once.
fn of_gone_checkouts(allocations: &[Allocation]) -> Vec<Allocation> {
    let mut checkouts: BTreeMap<&CheckoutPath, bool> = BTreeMap::new();
    let mut gone = Vec::new();
    for allocation in allocations {
        let Some(dir) = &allocation.dir else {
            continue;
        };
        let is_gone = checkouts.entry(dir);
        if *is_gone.or_insert_with(|| allocation.checkout_is_gone()) {
            gone.push(allocation.clone());
        }
    }
    gone
}
