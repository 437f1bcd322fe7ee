//! `portctl export`.

use port_registry::Filter;

use super::outcome::{CommandResult, Done};
use crate::backend;
use crate::output::{self, json};

pub(crate) fn run() -> CommandResult {
    let allocations = backend::open()?.list(&Filter::new())?;
    let rows = allocations.iter().map(json);
    let rows = rows.collect::<Result<Vec<String>, _>>();
    Ok(Done::Printed(rows.and_then(|rows| {
        output::print_lines(&if rows.is_empty() {
            "[]".to_owned()
        } else {
            format!("[\n{}\n]", rows.join(",\n"))
        })
    })))
}
