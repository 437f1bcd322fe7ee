//! The values of arguments, by the arguments' names.

use std::collections::BTreeMap;

use argh::{FlagInfoKind, PositionalInfo};
use port_registry::Allocation;

use super::completions::Candidate;
use super::line::{Flag, TypedLine};
use super::registry;
use crate::args::{self, Format, Shell};
use crate::output::wording;
use crate::service_name::meaning_of_word;

/// Describes a service that other instances of the app have.
const NO_PORT: &str = "no port here";

/// Describes a service that the project file declares.
const DECLARED: &str = "in portctl.toml";

/// The values of an argument.
#[derive(Debug)]
pub(super) enum Values {
    Candidates(Vec<Candidate>),
    Files,
}

/// Finds the values of a flag. `typed` is the beginning of the value.
pub(super) fn of_flag(line: &TypedLine, flag: &Flag, typed: &str) -> Values {
    match flag.kind {
        // The service wants a port that it does not have yet.
        FlagInfoKind::Option { arg_name: "port" } if args::assigns_ports(line.command.name) => {
            Values::Candidates(Vec::new())
        }
        FlagInfoKind::Option { arg_name } => named(line, arg_name, typed),
        FlagInfoKind::Switch => Values::Candidates(Vec::new()),
    }
}

/// Finds the values of a positional argument. `typed` is the beginning of the value.
pub(super) fn of_positional(line: &TypedLine, positional: &PositionalInfo, typed: &str) -> Values {
    let mut candidates = Vec::new();
    let names: Vec<&str> = positional.name.split("-or-").collect();
    for name in &names {
        let values = match *name {
            // They are either plain words or values of the flag.
            "service" if line.has("--service") => continue,
            // Each service has a port, so ports come only when a digit is typed.
            "port" if names.len() > 1 && !typed.starts_with(|c: char| c.is_ascii_digit()) => {
                continue;
            }
            name => named(line, name, typed),
        };
        match values {
            Values::Files => return Values::Files,
            Values::Candidates(mut found) => {
                // Some services are taken for something else, and need `--service`.
                found.retain(|it| *name != "service" || meaning_of_word(&it.word).is_none());
                candidates.extend(found);
            }
        }
    }
    Values::Candidates(candidates)
}

/// Finds the values of an argument with this name.
fn named(line: &TypedLine, argument: &str, typed: &str) -> Values {
    Values::Candidates(match argument {
        "file" | "path" => return Values::Files,
        "format" => words(Format::NAMES.map(|(name, _)| name)),
        "shell" => words(Shell::NAMES.map(|(name, _)| name)),
        "service" => services(line),
        "app" => names(&registry::all(), |it| it.key.app()),
        "instance" => instances(line),
        "port" => numbers(ports(line), typed),
        "id" => numbers(ids(), typed),
        _ => Vec::new(),
    })
}

fn words<const N: usize>(names: [&str; N]) -> Vec<Candidate> {
    names.map(|name| Candidate::new(name, "")).into()
}

/// The services of this instance, where the command wants those, and then those that only other instances have.
fn services(line: &TypedLine) -> Vec<Candidate> {
    let takes_own = line.command.name != "allocate";
    let takes_new = args::allocates(line.command.name);
    let own = takes_own.then(|| registry::of_line(line));
    let mut candidates = names(&own.unwrap_or_default(), |it| it.key.service());
    if takes_new {
        for declared in registry::declared(line) {
            if candidates.iter().all(|it| it.word != declared) {
                candidates.push(Candidate::new(declared, DECLARED));
            }
        }
        let others = registry::of_others(line);
        for mut new in names(&others, |it| it.key.service()) {
            NO_PORT.clone_into(&mut new.description);
            if candidates.iter().all(|it| it.word != new.word) {
                candidates.push(new);
            }
        }
    }
    candidates.retain(|it| !is_given(line, &it.word));
    candidates
}

/// Returns true if this service was named before, so that it need not be named again.
fn is_given(line: &TypedLine, service: &str) -> bool {
    let given = line.flags.iter().filter(|it| it.info.long == "--service");
    let mut given = given.filter_map(|it| it.value.as_ref()).chain(&line.plain);
    given.any(|it| it == service)
}

fn instances(line: &TypedLine) -> Vec<Candidate> {
    let app = line.value("--app");
    let mut found = registry::all();
    found.retain(|it| app.is_none_or(|app| it.key.app() == app));
    names(&found, |it| it.key.instance())
}

/// The ports that a command may ask for.
fn ports(line: &TypedLine) -> Vec<Candidate> {
    let found = match line.command.name {
        "check" => registry::all(),
        name if args::takes_ports(name) => registry::of_line(line),
        _ => Vec::new(),
    };
    found
        .iter()
        .map(|it| Candidate::new(it.port.to_string(), it.key.to_string()))
        .collect()
}

/// Returns each name once, with its port or the number of its allocations.
fn names(allocations: &[Allocation], name: impl Fn(&Allocation) -> &str) -> Vec<Candidate> {
    let mut by_name: BTreeMap<&str, Vec<&Allocation>> = BTreeMap::new();
    for allocation in allocations {
        by_name
            .entry(name(allocation))
            .or_default()
            .push(allocation);
    }
    let described = by_name.into_iter().map(|(name, found)| {
        let description = match &*found {
            [only] => format!("port {}", only.port),
            all => wording::count(all.len(), "allocation"),
        };
        Candidate::new(name, description)
    });
    described.collect()
}

/// Leaves those that begin as typed. There may be as many as there are ports, and shells take long over so many.
fn numbers(mut candidates: Vec<Candidate>, typed: &str) -> Vec<Candidate> {
    candidates.retain(|it| it.word.starts_with(typed));
    candidates
}

fn ids() -> Vec<Candidate> {
    let allocations = registry::all();
    let described = allocations.iter().map(|it| {
        let description = format!("{}, port {}", it.key, it.port);
        Candidate::new(it.id.to_string(), description)
    });
    described.collect()
}
