//! `portctl export`.

use port_registry::Filter;

use super::{Done, Outcome, backend};
use crate::output;
use crate::visible::json;

pub(super) fn run() -> Outcome {
    let allocations = backend()?.list(&Filter::default())?;
    let rows = allocations.iter().map(json);
    let rows = rows.collect::<Result<Vec<String>, _>>();
    Ok(Done::Printed(rows.and_then(|rows| {
        output::print(&if rows.is_empty() {
            "[]".to_owned()
        } else {
            format!("[\n{}\n]", rows.join(",\n"))
        })
    })))
}
