//! `portctl scan`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::Path;

use port_registry::{Allocation, Checkout, ListenerPolicy, Port, PortStatus, PortUse};
use serde::Serialize;

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::{self, note_of_mark};
use crate::args::ScanArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::conflict;
use crate::environment;
use crate::output::{self, Columns, visible, wording};
use crate::path::folder_of;
use crate::registration::Registration;
use crate::report::Report;
use crate::scan::{self, FixedPort, ScanNote};

const COLUMNS: Columns = Columns {
    headings: &["SERVICE", "PORT", "FILE", "REGISTRY", "SYSTEM"],
    names: &[0, 2, 3, 4],
    needed: 4,
};

/// A fixed port, and its state in the registry and on the system.
#[derive(Debug, Serialize)]
struct KnownPort<'a> {
    #[serde(flatten)]
    fixed_port: &'a FixedPort,
    registry: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<Allocation>,
    #[serde(flatten)]
    in_use: Option<PortUse>,
}

/// The holder of a port. The documented JSON values differ from the words of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Free,
    Yours,
    Taken,
}

pub(crate) fn run(args: ScanArgs) -> CommandResult {
    if args.adopt && !args.register {
        return Err(CommandError::usage("--adopt needs --register"));
    }
    let path = args.path.as_deref().unwrap_or(Path::new("."));
    let policy = if args.adopt {
        ListenerPolicy::Adopt
    } else {
        ListenerPolicy::Refuse
    };
    let adopt_command = adopt_command(&args);
    // Detect the names in the scanned project.
    let folder = if path.is_dir() { path } else { folder_of(path) };
    let typed = TypedLabels::new(args.app, args.instance)?;
    let scan = scan::scan(path, &environment::all())
        .map_err(|error| Report::new(format!("cannot scan {}: {error}", path.display())))?;
    // Print the notes even if the rest fails.
    let remarked = print_notes(&scan.notes, args.json);
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed).in_folder(folder);
    let is_first = here.name().is_none();
    let registered = if args.register {
        let registration = Registration {
            backend: &*backend,
            here: &here,
            policy,
            adopt_command,
        };
        Some(registration.register(&scan.ports)?)
    } else {
        None
    };
    if let Some((claim, new)) = registered.iter().flatten().next()
        && is_first
        && !args.json
    {
        claiming::print_notes(note_of_mark(&*backend, claim, new).as_slice());
    }
    let known = look_up(&*backend, &here, &scan.ports)?;
    let printed = remarked.and_then(|()| {
        if args.json {
            output::print_json(&known)
        } else {
            print(path, &known)
        }
    });
    Ok(Done::Printed(printed.and_then(|()| match registered {
        Some(new) if !args.json => print_registered(new.len(), &here, &known),
        _ => Ok(()),
    })))
}

/// The command line that registers ports whose processes cannot be told.
fn adopt_command(args: &ScanArgs) -> String {
    let line = Invocation::new("scan", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--register", true)
        .with_switch("--adopt", true)
        .with::<&str>(&[]);
    match &args.path {
        Some(path) => line + &wording::positional(&path.display().to_string()),
        None => line,
    }
}

/// Looks each port up in the registry and on the system.
fn look_up<'a>(
    backend: &dyn Backend,
    here: &Here,
    fixed_ports: &'a [FixedPort],
) -> Result<Vec<KnownPort<'a>>, CommandError> {
    let mut statuses: HashMap<Port, PortStatus> = HashMap::new();
    let mut known = Vec::with_capacity(fixed_ports.len());
    for fixed_port in fixed_ports {
        let port = fixed_port.port;
        if let Entry::Vacant(entry) = statuses.entry(port) {
            entry.insert(backend.check(port)?);
        }
        let status = statuses.get(&port).cloned();
        let (holder, in_use) = status.map_or((None, None), |it| (it.holder, it.in_use));
        known.push(KnownPort {
            fixed_port,
            registry: match &holder {
                None => Standing::Free,
                Some(holder) if here.owns(holder) => Standing::Yours,
                Some(_) => Standing::Taken,
            },
            holder,
            in_use,
        });
    }
    Ok(known)
}

fn print(path: &Path, known: &[KnownPort]) -> io::Result<()> {
    if known.is_empty() {
        let path = path.display().to_string();
        return output::remark(&format!("no fixed ports found in {}", visible(&path)));
    }
    let rows: Vec<Vec<Cow<str>>> = known.iter().map(row).collect();
    output::print_rows(&COLUMNS, &rows)
}

fn row<'a>(known: &'a KnownPort) -> Vec<Cow<'a, str>> {
    let fixed_port = known.fixed_port;
    let place = format!("{}:{}", fixed_port.file, fixed_port.line);
    // At the start, because the end of a cell is shortened.
    let guess = if fixed_port.guess { "guess: " } else { "" };
    let registry = match (known.registry, &known.holder) {
        (Standing::Free, _) | (_, None) => format!("{guess}available"),
        (Standing::Yours, Some(holder)) if holder.key.service() == fixed_port.service => {
            format!("{guess}yours")
        }
        (Standing::Yours, Some(holder)) => format!("{guess}yours, as {}", holder.key.service()),
        (Standing::Taken, Some(holder)) => format!("{guess}allocated to {}", holder.key),
    };
    let system = match &known.in_use {
        Some(in_use) => in_use.to_string(),
        None => "not in use".to_owned(),
    };
    vec![
        visible(&fixed_port.service),
        Cow::from(fixed_port.port.to_string()),
        Cow::from(visible(&place).into_owned()),
        Cow::from(visible(&registry).into_owned()),
        Cow::from(visible(&system).into_owned()),
    ]
}

/// Prints on standard error what could not be evaluated.
pub(crate) fn print_notes(notes: &[ScanNote], as_json: bool) -> io::Result<()> {
    notes.iter().try_for_each(|note| {
        if as_json {
            return output::remark_json(note);
        }
        let line = note
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        output::note(&visible(&format!("{}{line}: {}", note.file, note.text)))
    })
}

fn print_registered(new: usize, here: &Here, known: &[KnownPort]) -> io::Result<()> {
    let certain = known.iter().filter(|it| !it.fixed_port.guess).count();
    let guesses = known.len() - certain;
    let mut text = format!("registered {new}");
    if certain > new {
        text = format!("{text}; registered already: {}", certain - new);
    }
    if guesses > 0 {
        text = format!("{text}; not registered, because they are guesses: {guesses}");
        let mut commands = known.iter().filter_map(|it| registering_command(here, it));
        if let Some(command) = commands.next() {
            let which = if guesses == 1 { "it" } else { "the first" };
            text = format!("{text} (`{command}` registers {which})");
        }
    }
    output::remark(&visible(&text))
}

/// The command that registers a guess. Returns `None` unless that is possible.
fn registering_command(here: &Here, known: &KnownPort) -> Option<String> {
    let FixedPort {
        service,
        port,
        guess,
        ..
    } = known.fixed_port;
    let is_possible = *guess && matches!(known.registry, Standing::Free);
    if !is_possible {
        return None;
    }
    let claim = here.claim(service, Checkout::MARK_LENGTHS[0]).ok()?;
    Some(conflict::adopt_command(&claim, *port))
}
