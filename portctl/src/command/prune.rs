//! `portctl prune`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use port_registry::{Allocation, Filter};

use super::outcome::{Done, Outcome};
use super::released::{self, release};
use crate::args::Prune;
use crate::backend;
use crate::output;
use crate::output::Columns;
use crate::output::visible;
use crate::output::wording;

pub(crate) fn run(args: &Prune) -> Outcome {
    let backend = backend::open()?;
    let mut gone = of_gone_checkouts(&backend.list(&Filter::new())?);
    if args.yes {
        gone = release(&*backend, &gone)?;
    }
    Ok(Done::Printed(if args.json {
        output::print_json(&gone)
    } else if gone.is_empty() {
        output::remark("nothing to prune: every recorded folder exists")
    } else if args.yes {
        output::print(&released::told(&gone))
    } else {
        output::print_rows(&COLUMNS, &gone.iter().map(row).collect::<Vec<_>>()).and_then(|()| {
            output::remark("their folders are gone; `portctl prune --yes` releases them")
        })
    }))
}

const COLUMNS: Columns = Columns {
    headings: &["ID", "SERVICE", "PORT", "FOLDER"],
    names: &[1, 3],
    needed: 4,
};

fn row(allocation: &Allocation) -> Vec<Cow<'_, str>> {
    let key = allocation.key.to_string();
    vec![
        Cow::from(allocation.id.to_string()),
        Cow::from(visible(&key).into_owned()),
        Cow::from(allocation.port.to_string()),
        Cow::from(visible(&wording::folder(allocation)).into_owned()),
    ]
}

/// The allocations whose folder exists no longer. Each folder is looked at once.
fn of_gone_checkouts(allocations: &[Allocation]) -> Vec<Allocation> {
    let mut looked_at: BTreeMap<&Path, bool> = BTreeMap::new();
    let mut gone = Vec::new();
    for allocation in allocations {
        let Some(dir) = allocation.dir.as_deref() else {
            continue;
        };
        let is_gone = looked_at.entry(dir);
        if *is_gone.or_insert_with(|| allocation.checkout_is_gone()) {
            gone.push(allocation.clone());
        }
    }
    gone
}
