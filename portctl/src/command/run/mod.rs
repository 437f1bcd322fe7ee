//! `portctl run`.

mod inherited;
mod launch;
mod placeholders;
mod port_look;
mod program;
mod services;
mod told;

use std::collections::BTreeMap;
use std::ffi::OsString;

use port_registry::Allocation;

use self::launch::Prepared;
use self::placeholders::{Filled, Values};
use self::port_look::Starting;
use self::services::Services;
use self::told::PortAbsence;
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::print_notes;
use super::services::named;
use crate::args::RunArgs;
use crate::checkout::{TypedLabels, current_folder};
use crate::environment;
use crate::rewrite::{self, Rewritten, Target};

/// The variable of the port that a command itself listens on.
const PORT_VARIABLE: &str = "PORT";

pub(crate) fn run(args: RunArgs, command_line: &[OsString]) -> CommandResult {
    let invocation = Invocation::new("run", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--force", args.force)
        .with_switch("--plain", args.plain)
        .with_program(command_line);
    let names = named::services(&invocation, args.words, args.service)?;
    program::check(&invocation, &names, command_line)?;
    let typed = TypedLabels::new(args.app, args.instance)?;
    let inherited = environment::all();
    // The registry is closed before the ports are looked at.
    let services = Services::read(&invocation, &names, typed, &inherited)?;
    let own = services.own();
    let variables = services.variables.iter();
    let variables = variables.map(|it| (it.name.clone(), it.value.clone()));
    let mut variables: Vec<(String, String)> = variables.collect();
    if let Some(own) = own {
        variables.push((PORT_VARIABLE.to_owned(), own.port.to_string()));
    }
    let filled = fill(&services, command_line, args.plain);
    let has_port = variables.iter().any(|(name, _)| name == PORT_VARIABLE);
    let takes_no_port = rewrite::takes_no_port(command_line);
    if own.is_none() && (filled.wants_port || !(has_port || takes_no_port)) {
        let absence = PortAbsence {
            are_named: !names.is_empty(),
            is_inherited: inherits_port(&inherited, &services),
            is_wanted: filled.wants_port,
        };
        print_notes(&[absence.note(&invocation, &services.chosen)]);
    }
    print_notes(&filled.notes);
    let rewritten = match own {
        Some(own) if !args.plain => rewritten(&filled.words, own, &services),
        _ => unchanged(filled.words),
    };
    let starting = Starting {
        invocation: &invocation,
        served: own.filter(|_| rewritten.is_server),
        may_serve: !takes_no_port,
    };
    let taken = port_look::look(&services.chosen, starting)?;
    print_notes(&taken);
    if let Some(note) = rewritten.note_if_taken.filter(|_| !taken.is_empty()) {
        print_notes(&[note]);
    }
    print_notes(&rewritten.notes);
    let added = rewritten.variables.into_iter();
    let added = added.map(|(name, value)| (name.to_owned(), value));
    let added: Vec<(String, String)> = added.collect();
    if rewritten.command_line != command_line || !added.is_empty() {
        told::tell_line(&launch::shell_line(&added, &rewritten.command_line));
    }
    told::tell_urls(&services.chosen);
    variables.extend(added);
    let prepared = Prepared {
        words: rewritten.command_line,
        variables,
        removed: services.foreign_variables,
        root: services.root,
    };
    match prepared.launch() {
        Ok(code) => Ok(Done::Exit(code)),
        Err(error) => Err(program::not_run(&invocation, &names, command_line, &error)),
    }
}

/// Gives a server that ignores PORT its port by the flag or the variable that it takes.
fn rewritten(words: &[OsString], own: &Allocation, services: &Services) -> Rewritten {
    // Scripts are read from the files above the current folder. Without one, there are none.
    let folder = current_folder().unwrap_or_default();
    let port = own.port.to_string();
    let mut variables = services.variables.iter();
    let variable = variables.find(|it| it.is_port && it.value == port);
    let target = Target {
        port: own.port,
        variable: variable.map_or(PORT_VARIABLE, |it| &it.name),
    };
    rewrite::rewritten(words, &folder, target)
}

/// The command line of a command that stays as it is.
fn unchanged(command_line: Vec<OsString>) -> Rewritten {
    Rewritten {
        command_line,
        variables: Vec::new(),
        notes: Vec::new(),
        note_if_taken: None,
        is_server: false,
    }
}

/// Replaces the placeholders in the arguments, unless the command is to be run as it is typed. The program stays.
fn fill(services: &Services, command_line: &[OsString], is_plain: bool) -> Filled {
    let (program, words) = match command_line.split_first() {
        Some((program, words)) if !is_plain => (program, words),
        _ => {
            return Filled {
                words: command_line.to_vec(),
                ..Filled::default()
            };
        }
    };
    let ports = services.all.iter();
    let values = Values {
        own: services.own().map(|it| it.port),
        services: ports.map(|it| (it.key.service(), it.port)).collect(),
    };
    let mut filled = values.fill(words);
    filled.words.insert(0, program.clone());
    filled
}

/// Returns true if the command keeps a PORT that is not that of a service.
fn inherits_port(inherited: &BTreeMap<String, String>, services: &Services) -> bool {
    inherited.contains_key(PORT_VARIABLE) && !services.foreign_variables.contains(PORT_VARIABLE)
}
