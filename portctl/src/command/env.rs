//! `portctl env`.

use std::path::Path;

use port_registry::Filter;

use super::outcome::{Done, Outcome};
use crate::args::{Env, Format};
use crate::backend;
use crate::checkout::Names;
use crate::conflict;
use crate::env_file::block;
use crate::env_file::variables::{self, Variable};
use crate::env_file::{Replaced, replace};
use crate::failure::Failure;
use crate::output;
use crate::output::visible;
use crate::output::wording;
use crate::report::Report;
use crate::scan::{self, Assignment};

pub(crate) fn run(args: Env) -> Outcome {
    let format = match (args.format, args.json) {
        (None, false) => Format::Dotenv,
        (None | Some(Format::Json), true) => Format::Json,
        (Some(format), false) => format,
        (Some(_), true) => {
            return Err(Failure::Usage(
                "--json means --format json; leave one of them out".to_owned(),
            ));
        }
    };
    if let Some(file) = &args.write {
        if format == Format::Json {
            return Err(Failure::Usage(
                "--write takes the formats dotenv and shell, not json".to_owned(),
            ));
        }
        if file == Path::new("") || file == Path::new("-") {
            return Err(Failure::Usage(
                "--write takes the name of a file".to_owned(),
            ));
        }
    }
    let names = Names::new(args.app, args.instance);
    let filter = names.filter_of_instance()?;
    let backend = backend::open()?;
    let look = || {
        let allocations = conflict::allocations_of(&*backend, &names, &filter)?;
        Ok(variables::of(&allocations)?)
    };
    match &args.write {
        Some(file) => write(file, format, &filter, look),
        None => Ok(Done::Printed(print(&look()?, format, &filter))),
    }
}

fn print(variables: &[Variable], format: Format, filter: &Filter) -> std::io::Result<()> {
    if format == Format::Json {
        let ports = variables.iter();
        let ports = ports.map(|it| (it.name.clone(), it.port.get().into()));
        return output::print_json(&ports.collect::<serde_json::Map<_, _>>());
    }
    if variables.is_empty() {
        return output::remark(&nothing(filter));
    }
    output::print(&lines(variables, format).join("\n"))
}

fn lines(variables: &[Variable], format: Format) -> Vec<String> {
    let export = match format {
        Format::Shell => "export ",
        Format::Dotenv | Format::Json => "",
    };
    let lines = variables.iter();
    lines
        .map(|Variable { name, port }| format!("{export}{name}={port}"))
        .collect()
}

/// Keeps the variables in a file. They are looked for when it is this process's turn to write, so that
/// none that are older replace what another one writes.
fn write(
    file: &Path,
    format: Format,
    filter: &Filter,
    look: impl Fn() -> Result<Vec<Variable>, Failure>,
) -> Outcome {
    let mut assignments = Vec::new();
    let mut variables = Vec::new();
    let replaced = replace(file, |content| {
        variables = look()?;
        let refuse = |problem: &str| {
            Report::new(format!("{}: {problem}", file.display()))
                .hint("mend the file, or name another one; it was left as it is")
        };
        let put = block::put(content, &lines(&variables, format));
        let written = put.map_err(|error| refuse(&error.to_string()))?;
        assignments = scan::assignments(&String::from_utf8_lossy(&written));
        if format == Format::Dotenv && !are_read_in(&assignments, &variables) {
            return Err(refuse(
                "a quote is open where the block is, so it would be part of a value",
            )
            .into());
        }
        Ok(written)
    })?;
    let shown = file.display().to_string();
    let shown = visible(&shown);
    for (number, name) in set_again(&assignments, &variables) {
        output::remark(&format!(
            "{shown}:{number} sets {name} too, behind the block, and so wins"
        ))
        .ok();
    }
    if variables.is_empty() {
        output::remark(&nothing(filter)).ok();
    }
    let count = wording::count(variables.len(), "port");
    Ok(Done::Printed(output::print(&match replaced {
        Replaced::Written => format!("wrote {count} to {shown}"),
        Replaced::Unchanged => format!("{shown} has the {count} already"),
    })))
}

/// Tells if readers of the file come upon the variables in its block.
fn are_read_in(assignments: &[Assignment], variables: &[Variable]) -> bool {
    let ours = assignments.iter().filter(|it| it.is_managed);
    let ours = ours.map(|it| (&*it.name, it.value.clone()));
    ours.eq(variables.iter().map(|it| (&*it.name, it.port.to_string())))
}

/// The variables that are set behind the block, with the lines.
fn set_again<'a>(
    assignments: &'a [Assignment],
    variables: &[Variable],
) -> impl Iterator<Item = (usize, &'a str)> {
    let last = assignments.iter().rposition(|it| it.is_managed);
    let behind = assignments.iter().skip(last.map_or(0, |last| last + 1));
    let again = behind.filter(|it| variables.iter().any(|variable| variable.name == it.name));
    again.map(|it| (it.line, &*it.name))
}

fn nothing(filter: &Filter) -> String {
    let names = wording::names(filter);
    format!("no allocations of {names}; `portctl get SERVICE` makes one")
}
