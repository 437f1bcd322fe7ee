//! `portctl env`.

use std::path::Path;

use port_registry::{Allocation, FileStatus};

use super::claiming::{Got, get_or_allocate_all, print_notes};
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::wiring::{all_variables, variables_of};
use super::write_target::{Suggestions, WriteTarget};
use super::{missing, named};
use crate::args::{EnvArgs, Format};
use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::env_file::{Replaced, block, replace, variables::Variable};
use crate::output::{self, visible, wording};
use crate::report::Report;
use crate::scan::{self, Assignment};

pub(crate) fn run(args: EnvArgs) -> CommandResult {
    let format = match (args.format, args.json) {
        (None, false) => Format::Dotenv,
        (None | Some(Format::Json), true) => Format::Json,
        (Some(format), false) => format,
        (Some(_), true) => {
            return Err(CommandError::usage(
                "--json means --format json; leave one of the two out",
            ));
        }
    };
    if args.tracked && args.write.is_none() {
        return Err(CommandError::usage("--tracked needs --write FILE"));
    }
    if let Some(file) = &args.write {
        if format == Format::Json {
            return Err(CommandError::usage(
                "--write takes the formats dotenv and shell, not json",
            ));
        }
        if file == Path::new("") || file == Path::new("-") {
            return Err(CommandError::usage("--write takes the name of a file"));
        }
    }
    let file = args.write.as_ref().map(|it| it.display());
    let printing = || {
        Invocation::new("env", args.app.as_deref(), args.instance.as_deref())
            .with_option("--format", args.format.map(Format::name))
            .with_switch("--json", args.json)
    };
    let printed = printing();
    let invocation = printing()
        .with_option("--write", file)
        .with_switch("--tracked", args.tracked);
    let services = named::services(&invocation, args.words, args.service)?;
    let typed = TypedLabels::new(args.app.clone(), args.instance.clone())?;
    let suggestions = Suggestions {
        written: &invocation,
        printed: &printed,
        services: &services,
    };
    let target = match &args.write {
        Some(file) => Some(WriteTarget::find(file, &suggestions)?),
        None => None,
    };
    let backend = backend::open()?;
    let here = || Here::new(&*backend, typed.clone());
    let nothing = no_allocations(&invocation, &here())?;
    // The allocations are read anew for each change of a file.
    let read = || {
        let here = here();
        let got = if services.is_empty() {
            get_or_allocate_all(&*backend, &here, &invocation)?
        } else {
            let allocations = here.current()?;
            let notes = here.notes_of_others(&allocations)?;
            Got { allocations, notes }
        };
        let Got { allocations, notes } = got;
        if format != Format::Json {
            print_notes(&notes);
        }
        if services.is_empty() {
            all_variables(&here, &allocations)
        } else {
            let chosen = chosen(&invocation, &here, &services, &allocations)?;
            variables_of(&here, &chosen)
        }
    };
    let Some(target) = target else {
        return Ok(Done::Printed(print(&read()?, format, &nothing)));
    };
    let status = || {
        if args.tracked {
            Ok(target.status())
        } else {
            target.untracked_status(&suggestions)
        }
    };
    write(&target, format, &nothing, status, read)
}

/// The allocations of these services. Fails if one of them has no port.
fn chosen(
    invocation: &Invocation,
    here: &Here,
    services: &[String],
    allocations: &[Allocation],
) -> Result<Vec<Allocation>, CommandError> {
    let mut chosen = Vec::with_capacity(services.len());
    for service in services {
        let mut found = allocations.iter();
        match found.find(|it| it.key.service() == service.trim()) {
            Some(allocation) => chosen.push(allocation.clone()),
            None => return Err(missing::report(invocation, here, service)?.into()),
        }
    }
    Ok(chosen)
}

fn print(variables: &[Variable], format: Format, nothing: &str) -> std::io::Result<()> {
    if format == Format::Json {
        let values = variables.iter();
        let values = values.map(|it| (it.name.clone(), json_value(it)));
        return output::print_json(&values.collect::<serde_json::Map<_, _>>());
    }
    if variables.is_empty() {
        return output::remark(&visible(nothing));
    }
    output::print_lines(&lines(variables, format).join("\n"))
}

/// A port is a number.
fn json_value(variable: &Variable) -> serde_json::Value {
    let number = variable.value.parse::<u16>().ok();
    match number.filter(|_| variable.is_port) {
        Some(port) => port.into(),
        None => variable.value.clone().into(),
    }
}

fn lines(variables: &[Variable], format: Format) -> Vec<String> {
    let export = match format {
        Format::Shell => "export ",
        Format::Dotenv | Format::Json => "",
    };
    let lines = variables.iter();
    lines
        .map(|Variable { name, value, .. }| format!("{export}{name}={value}"))
        .collect()
}

/// Writes the variables into a file, if `status` does not refuse it. They are read while the folder is locked, so that older ports never replace newer
/// ones.
fn write(
    target: &WriteTarget,
    format: Format,
    nothing: &str,
    status: impl Fn() -> Result<FileStatus, CommandError>,
    read: impl Fn() -> Result<Vec<Variable>, CommandError>,
) -> CommandResult {
    let mut assignments = Vec::new();
    let mut variables = Vec::new();
    let mut is_unignored = false;
    let file = target.file;
    let replaced = replace(&target.place, file, |content| {
        variables = read()?;
        let refuse = |problem: &str| {
            Report::new(format!("{}: {problem}", file.display()))
                .hint("correct the file, or name another one; it was not changed")
        };
        let put = block::put(content, &lines(&variables, format));
        let written = put.map_err(|error| refuse(&error.to_string()))?;
        assignments = scan::assignments(&String::from_utf8_lossy(&written));
        if format == Format::Dotenv && !are_read_in(&assignments, &variables) {
            return Err(refuse(
                "a quote is open before the block, so the block would be part of a value",
            )
            .into());
        }
        // Git is not needed for a file that stays as it is.
        is_unignored = written != content && status()? == FileStatus::Untracked;
        Ok(written)
    })?;
    let shown = file.display().to_string();
    let shown = visible(&shown);
    if is_unignored {
        output::note(&format!(
            "{shown} is not ignored by git; add it to .gitignore"
        ))
        .ok();
    }
    for (number, name) in set_again(&assignments, &variables) {
        output::note(&format!(
            "{shown}:{number} sets {name} again after the block, and takes precedence"
        ))
        .ok();
    }
    if variables.is_empty() {
        output::note(&visible(nothing)).ok();
    }
    let count = wording::count(variables.len(), "port");
    Ok(Done::Printed(output::print(&match replaced {
        Replaced::Written => format!("wrote {count} to {shown}"),
        Replaced::Unchanged => format!("{shown} has the {count} already"),
    })))
}

/// Returns true if the block, as it is parsed, has exactly these variables.
fn are_read_in(assignments: &[Assignment], variables: &[Variable]) -> bool {
    let ours = assignments.iter().filter(|it| it.is_managed);
    let ours = ours.map(|it| (&*it.name, it.value.clone()));
    ours.eq(variables.iter().map(|it| (&*it.name, it.value.clone())))
}

/// The variables that are set again after the block, with their line numbers.
fn set_again<'a>(
    assignments: &'a [Assignment],
    variables: &[Variable],
) -> impl Iterator<Item = (usize, &'a str)> {
    let last = assignments.iter().rposition(|it| it.is_managed);
    let behind = assignments.iter().skip(last.map_or(0, |last| last + 1));
    let again = behind.filter(|it| variables.iter().any(|variable| variable.name == it.name));
    again.map(|it| (it.line, &*it.name))
}

fn no_allocations(invocation: &Invocation, here: &Here) -> Result<String, CommandError> {
    let get = invocation.of("get").with(&["web"]);
    // An app alone stands for its instance of this checkout.
    let owner = if here.typed().are_given() {
        let (app, instance) = here.labels()?;
        format!("{app}/{instance}")
    } else {
        here.owner()?
    };
    Ok(format!(
        "no allocations of {owner}; allocate some, as in `{get}`"
    ))
}
