//! `portctl check`.

use std::slice;

use port_registry::{Port, PortStatus};

use super::claiming::print_notes;
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::{missing, named};
use crate::args::CheckArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::output::{self, visible, wording};
use crate::report::Report;

pub(crate) fn run(args: CheckArgs) -> CommandResult {
    let as_json = args.json;
    let target = target(args)?;
    let backend = backend::open()?;
    let status = backend.check(target.port(&*backend)?)?;
    let printed = if as_json {
        output::print_json(&status)
    } else {
        output::print(&visible(&describe(&status)))
    };
    Ok(if status.available {
        Done::Printed(printed)
    } else {
        Done::No(printed)
    })
}

/// The port to check.
enum Target {
    Port(Port),
    /// The port of a service.
    Service(String, TypedLabels, Invocation),
}

/// Reads the port or the service from the command line.
fn target(args: CheckArgs) -> Result<Target, CommandError> {
    let invocation = Invocation::new("check", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--json", args.json);
    let wanted = named::services_and_ports(&invocation, &args.words, args.service, args.port)?;
    let ports: Vec<Port> = wanted.ports.iter().copied().chain(args.port).collect();
    match (&ports[..], &wanted.services[..]) {
        ([_], []) if invocation.has_names() => Err(CommandError::usage(
            "--app and --instance name a service; a port is the same for all of them",
        )),
        ([port], []) => Ok(Target::Port(*port)),
        ([], [service]) => {
            let typed = TypedLabels::new(args.app, args.instance)?;
            Ok(Target::Service(service.clone(), typed, invocation))
        }
        ([], []) => Err(CommandError::Usage(
            Report::new("no port is named").hint("name one, as in `portctl check 3000`"),
        )),
        _ => {
            let ports = ports.iter().map(Port::to_string);
            let words: Vec<String> = ports.chain(wanted.services).collect();
            let line = invocation.with_all(&words);
            let report = Report::new("check takes one port or service");
            Err(CommandError::Usage(
                report.hint(format!("did you mean `{line}`?")),
            ))
        }
    }
}

impl Target {
    fn port(self, backend: &dyn Backend) -> Result<Port, CommandError> {
        let (service, typed, invocation) = match self {
            Target::Port(port) => return Ok(port),
            Target::Service(service, typed, invocation) => (service, typed, invocation),
        };
        let here = Here::new(backend, typed);
        match here.find(&service)? {
            Some(allocation) => {
                let notes = here.notes_of_others(slice::from_ref(&allocation))?;
                if !invocation.has_switch("--json") {
                    print_notes(&notes);
                }
                Ok(allocation.port)
            }
            None => Err(missing::report(&invocation, &here, &service)?.into()),
        }
    }
}

fn describe(status: &PortStatus) -> String {
    let port = status.port;
    let name = wording::holder;
    let by = wording::by_listener;
    match (&status.holder, &status.listener) {
        (None, None) => format!("port {port} is available"),
        (None, Some(listener)) => {
            format!("port {port} is in use{}, and not allocated", by(listener))
        }
        (Some(holder), None) => {
            format!(
                "port {port} is allocated to {}, and not in use",
                name(holder)
            )
        }
        (Some(holder), Some(listener)) => format!(
            "port {port} is allocated to {}, and in use{}",
            name(holder),
            by(listener)
        ),
    }
}
