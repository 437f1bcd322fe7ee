//! `portctl move`.

use std::slice;

use port_registry::{Allocation, Filter, ListenerPolicy, Move, Port};

use super::env_files::file_update::update_files;
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::print_notes;
use super::services::named;
use super::services::preferred::{self, Takeover, both_ports};
use super::services::selected;
use crate::args::MoveArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible, wording};
use crate::report::Report;
use crate::whose::Whose;

pub(crate) fn run(args: MoveArgs) -> CommandResult {
    let invocation = Invocation::new("move", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--json", args.json);
    let subject = subject(&invocation, &args)?;
    if let (Some(port), Some(_)) = (args.port, args.prefer) {
        return Err(both_ports(&invocation, &subject.word(), port));
    }
    if args.adopt && args.port.is_none() {
        return Err(CommandError::usage(
            "--adopt needs the --port that the service listens on",
        ));
    }
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let before = subject.find(&*backend, &here, &invocation)?;
    let notes = here.notes_of_others(slice::from_ref(&before))?;
    let mut wanted = Move::new(before.id);
    if let Some(port) = args.port {
        wanted = wanted.with_port(port);
    }
    if let Some(port) = args.prefer {
        wanted = wanted.with_prefer(port);
    }
    if let Some(port) = args.port.filter(|_| args.adopt) {
        conflict::refuse_foreign(&*backend, port, before.dir.as_ref())?;
        wanted = wanted.with_listener_policy(ListenerPolicy::Adopt);
    }
    let moved = backend.move_service(&wanted).map_err(|error| {
        conflict::report_move(&*backend, &before, error, |port| {
            format!("{} --adopt", subject.moved_to(&invocation, port))
        })
    })?;
    let updated = if moved.id == before.id {
        Vec::new()
    } else {
        update_files(&*backend, here.typed(), [before.port])
    };
    Ok(Done::Printed(if args.json {
        print_notes(&updated);
        output::print_json(&moved)
    } else {
        print_notes(&notes);
        let printed = output::print(&visible(&describe(&before, &moved, args.prefer)));
        if let Some(preferred) = args.prefer {
            let line = subject.moved_to(&invocation, preferred);
            print_notes(
                preferred::reason(&*backend, &moved, preferred, &line, Takeover::Adopt).as_slice(),
            );
        }
        if moved.port != before.port {
            print_notes(note_of_server(&*backend, &before, moved.port).as_slice());
        }
        print_notes(&updated);
        printed
    }))
}

/// The service to move.
enum Subject {
    Service(String),
    /// The service with this port.
    Port(Port),
}

/// Reads the service from the command line.
fn subject(invocation: &Invocation, args: &MoveArgs) -> Result<Subject, CommandError> {
    // `--port` is the new port, and does not name the service.
    let wanted = named::services_and_ports(invocation, &args.words, args.service.clone(), None)?;
    let has_port = args.port.or(args.prefer).is_some();
    let line = match (&wanted.services[..], &wanted.ports[..]) {
        ([service], []) => return Ok(Subject::Service(service.clone())),
        ([], [port]) => return Ok(Subject::Port(*port)),
        ([], []) => return Err(named::no_service(invocation)),
        ([service], [port]) if !has_port => invocation.with_port(service, *port),
        ([], [old, new]) if !has_port => invocation.with_port(&old.to_string(), *new),
        (services, ports) => {
            let ports = ports.iter().map(Port::to_string);
            let all: Vec<String> = services.iter().cloned().chain(ports).collect();
            invocation.with_all(&all)
        }
    };
    let report = Report::new("move takes one service, and its new port with --port");
    Err(CommandError::Usage(
        report.hint(format!("did you mean `{line}`?")),
    ))
}

impl Subject {
    fn find(
        &self,
        backend: &dyn Backend,
        here: &Here,
        invocation: &Invocation,
    ) -> Result<Allocation, CommandError> {
        let port = match self {
            Subject::Service(service) => return selected::allocation(here, invocation, service),
            Subject::Port(port) => *port,
        };
        let all = if here.typed().are_given() {
            here.current()?
        } else {
            here.all()?
        };
        match all.into_iter().find(|it| it.port == port) {
            Some(found) => Ok(found),
            None => Err(report_port(backend, here, port)?.into()),
        }
    }

    /// The command line that moves the service to this port.
    fn moved_to(&self, invocation: &Invocation, port: Port) -> String {
        invocation.with_port(&self.word(), port)
    }

    /// The word that names the service.
    fn word(&self) -> String {
        match self {
            Subject::Service(service) => service.clone(),
            Subject::Port(port) => port.to_string(),
        }
    }
}

/// Reports that no service of the checkout has a port.
fn report_port(backend: &dyn Backend, here: &Here, port: Port) -> Result<Report, CommandError> {
    let Some(holder) = backend.list(&Filter::new().with_port(port))?.pop() else {
        let report = Report::new(format!("port {port} is not allocated"));
        return Ok(report.hint("`portctl list` shows the services of this checkout"));
    };
    let problem = format!(
        "port {port} is allocated to {}, not to {}",
        wording::holder(&holder),
        here.owner()?
    );
    let report = conflict::report_holder(backend, &problem, holder);
    Ok(report.hint("`portctl list` shows the services of this checkout"))
}

/// Tells which process still listens on the port that a service has left, and the next step. An error counts as nothing,
/// because the service was moved all the same.
fn note_of_server(backend: &dyn Backend, before: &Allocation, new: Port) -> Option<String> {
    let status = backend.check(before.port).ok()?;
    let served = status.served()?;
    let owner = Whose::of(served, before.dir.as_deref());
    let rest = match &owner {
        Whose::Ours => format!("; restart it, so that it listens on port {new}"),
        Whose::Unknown(_) => format!("; if it is the service, restart it on port {new}"),
        Whose::Foreign(_) | Whose::Daemon | Whose::Nobody => owner.to_string(),
    };
    Some(format!("port {} is still {served}{rest}", before.port))
}

fn describe(before: &Allocation, moved: &Allocation, preferred: Option<Port>) -> String {
    if moved.id == before.id {
        if preferred.is_some_and(|port| port != moved.port) {
            return format!("{} keeps port {}", moved.key, moved.port);
        }
        return format!("{} has port {} already", moved.key, moved.port);
    }
    format!(
        "moved {} from port {} to {}",
        moved.key, before.port, moved.port
    )
}
