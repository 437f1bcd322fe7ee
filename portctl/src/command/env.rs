//! `portctl env`.

use std::path::Path;

use port_registry::Allocation;

use super::env_files::env_writing::{FileChange, TrackedFile};
use super::env_files::moved_ports::MovedPorts;
use super::env_files::wiring::{all_variables, variables_of_services};
use super::env_files::write_target::{Suggestions, WriteTarget};
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::{Got, get_or_allocate_all, print_notes};
use super::services::missing;
use super::services::named;
use crate::args::{EnvArgs, Format};
use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::env_file::variables::Variable;
use crate::env_file::{self, BlockFormat, LockedFiles, OutsideAssignments};
use crate::output::{self, visible};
use crate::report::Report;

pub(crate) fn run(args: EnvArgs) -> CommandResult {
    let format = format(&args)?;
    let file = args.write.as_ref().map(|it| it.display());
    let printing = || {
        Invocation::new("env", args.app.as_deref(), args.instance.as_deref())
            .with_option("--format", args.format.map(Format::name))
            .with_switch("--json", args.json)
    };
    let printed = printing();
    let invocation = printing()
        .with_option("--write", file)
        .with_switch("--tracked", args.tracked)
        .with_switch("--replace", args.replace);
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
    let nothing_noted = {
        let hint = nothing.hint.as_deref().unwrap_or_default();
        format!("{}; {hint}", nothing.error)
    };
    // The allocations are read anew for each change of a file.
    let read = || -> Result<(Vec<Variable>, Vec<Allocation>), CommandError> {
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
        let variables = if services.is_empty() {
            all_variables(&here, &allocations)?
        } else {
            let chosen = chosen(&invocation, &here, &services, &allocations)?;
            variables_of_services(&here, &chosen, &allocations)?
        };
        Ok((variables, allocations))
    };
    let Some(target) = target else {
        let (variables, allocations) = read()?;
        let printed = print(&variables, format, &nothing_noted)?;
        if format != Format::Json {
            print_notes(&moved_ports(&here(), &allocations)?);
        }
        return Ok(Done::Printed(printed));
    };
    let files = LockedFiles::default();
    let change = FileChange {
        target: &target,
        suggestions: &suggestions,
        format: block_format(format),
        outside: if args.replace {
            OutsideAssignments::CommentOut
        } else {
            OutsideAssignments::Refuse
        },
        tracked: if args.tracked {
            TrackedFile::Write
        } else {
            TrackedFile::Refuse
        },
    };
    // The ports are read while the folder is locked, so that older ones never replace newer ones.
    let file = files.open(&target.place, target.file)?;
    let (variables, allocations) = read()?;
    // An existing block must not keep ports of others, but nothing else is of use without ports.
    if variables.is_empty() && !env_file::block::is_in(file.content()) {
        return Err(nothing
            .prefixed(&format!("{} was not changed", target.file.display()))
            .into());
    }
    let planned = change.plan(file, &variables)?;
    let written = planned.write()?;
    let moved = MovedPorts::of(&here(), &allocations)?;
    let shown = target.file.display().to_string();
    print_notes(&moved.notes(&target.place.path(), &shown));
    if variables.is_empty() {
        output::note(&visible(&nothing_noted)).ok();
    }
    Ok(Done::Printed(output::print(&written.text)))
}

/// Notes the lines in the env files of the checkout that mention a port which has moved.
fn moved_ports(here: &Here, allocations: &[Allocation]) -> Result<Vec<String>, CommandError> {
    // Typed labels need no checkout.
    let Ok(checkout) = here.checkout() else {
        return Ok(Vec::new());
    };
    let moved = MovedPorts::of(here, allocations)?;
    Ok(moved.notes_of_root(checkout.root()))
}

fn block_format(format: Format) -> BlockFormat {
    match format {
        Format::Shell => BlockFormat::Shell,
        Format::Dotenv | Format::Json => BlockFormat::Dotenv,
    }
}

/// Checks the flags that depend on each other. Returns the format.
fn format(args: &EnvArgs) -> Result<Format, CommandError> {
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
    for (flag, is_set) in [("--tracked", args.tracked), ("--replace", args.replace)] {
        if is_set && args.write.is_none() {
            return Err(CommandError::usage(format!("{flag} needs --write FILE")));
        }
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
    Ok(format)
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

fn print(
    variables: &[Variable],
    format: Format,
    nothing: &str,
) -> Result<std::io::Result<()>, CommandError> {
    if format == Format::Json {
        let values = variables.iter();
        let values = values.map(|it| (it.name.clone(), json_value(it)));
        let object: serde_json::Map<_, _> = values.collect();
        return Ok(output::print_json(&object));
    }
    if variables.is_empty() {
        return Ok(output::remark(&visible(nothing)));
    }
    let lines = env_file::lines(variables, block_format(format)).map_err(|error| {
        Report::new(error.to_string()).hint("--format shell and --json print every value")
    })?;
    Ok(output::print_lines(&lines.join("\n")))
}

/// A port is a number.
fn json_value(variable: &Variable) -> serde_json::Value {
    let number = variable.value.parse::<u16>().ok();
    match number.filter(|_| variable.is_port) {
        Some(port) => port.into(),
        None => variable.value.clone().into(),
    }
}

fn no_allocations(invocation: &Invocation, here: &Here) -> Result<Report, CommandError> {
    let get = invocation.of("get").with(&["web"]);
    // An app alone stands for its instance of this checkout.
    let owner = if here.typed().are_given() {
        let (app, instance) = here.labels()?;
        format!("{app}/{instance}")
    } else {
        here.owner()?
    };
    let report = Report::new(format!("no allocations of {owner}"));
    Ok(report.hint(format!("allocate some, as in `{get}`")))
}
