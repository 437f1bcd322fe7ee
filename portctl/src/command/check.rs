//! `portctl check`.

use std::slice;

use port_registry::{Checkout, CheckoutPath, Port, PortStatus, PortUse};
use serde::Serialize;

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::print_notes;
use super::services::missing;
use super::services::named;
use crate::args::CheckArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels, current_folder};
use crate::command_error::CommandError;
use crate::output::{self, visible, wording};
use crate::report::Report;
use crate::server::other_addresses;
use crate::whose::Whose;

pub(crate) fn run(args: CheckArgs) -> CommandResult {
    let as_json = args.json;
    let target = target(args)?;
    let backend = backend::open()?;
    let (port, compared) = target.find(&*backend)?;
    let status = backend.check(port)?;
    let owner = status.in_use.as_ref().map(|it| compared.owner(it));
    let listener = status.in_use.as_ref().and_then(|it| it.listener.as_ref());
    let addresses = listener.and_then(other_addresses);
    let printed = if as_json {
        output::print_json(&Checked {
            status: &status,
            owner: owner.as_ref(),
        })
    } else {
        let line = describe(&status, owner.as_ref());
        output::print(&visible(&(line + &addresses.unwrap_or_default())))
    };
    Ok(if status.available {
        Done::Printed(printed)
    } else {
        Done::No(printed)
    })
}

/// The status of a port, and whose listener it has, seen from the checkout of the command.
#[derive(Serialize)]
struct Checked<'a> {
    #[serde(flatten)]
    status: &'a PortStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a Whose>,
}

/// The port to check.
enum Target {
    Port(Port),
    /// The port of a service.
    Service(String, TypedLabels, Box<Invocation>),
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
            Ok(Target::Service(
                service.clone(),
                typed,
                Box::new(invocation),
            ))
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
    fn find(self, backend: &dyn Backend) -> Result<(Port, Compared), CommandError> {
        let (service, typed, invocation) = match self {
            Target::Port(port) => return Ok((port, Compared::Current)),
            Target::Service(service, typed, invocation) => (service, typed, invocation),
        };
        let here = Here::new(backend, typed);
        match here.find(&service)? {
            Some(allocation) => {
                let notes = here.notes_of_others(slice::from_ref(&allocation))?;
                if !invocation.has_switch("--json") {
                    print_notes(&notes);
                }
                Ok((allocation.port, Compared::OfService(allocation.dir)))
            }
            None => Err(missing::report(&invocation, &here, &service)?.into()),
        }
    }
}

/// The checkout that the listeners of a port are compared with.
enum Compared {
    /// The checkout of the current folder.
    Current,
    /// That of the service that was named, if it has one.
    OfService(Option<CheckoutPath>),
}

impl Compared {
    fn owner(&self, in_use: &PortUse) -> Whose {
        match self {
            Compared::Current => {
                let here = current_folder().ok();
                let here = here.and_then(|here| Checkout::open(here).ok());
                Whose::of(in_use, here.as_ref().map(Checkout::root))
            }
            Compared::OfService(dir) => Whose::of(in_use, dir.as_deref()),
        }
    }
}

fn describe(status: &PortStatus, owner: Option<&Whose>) -> String {
    let port = status.port;
    let owner = owner.map(Whose::to_string).unwrap_or_default();
    match (status.holder.as_ref().map(wording::holder), &status.in_use) {
        (None, None) => format!("port {port} is available"),
        (None, Some(in_use)) => format!("port {port} is {in_use}, and not allocated{owner}"),
        (Some(holder), None) => format!("port {port} is allocated to {holder}, and not in use"),
        (Some(holder), Some(in_use)) => {
            format!("port {port} is allocated to {holder}, and {in_use}{owner}")
        }
    }
}
