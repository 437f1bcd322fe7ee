//! `portctl check`.

use port_registry::{Port, PortStatus};

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::{missing, named};
use crate::args::CheckArgs;
use crate::backend::{self, Backend};
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible, wording};
use crate::report::Report;

pub(crate) fn run(args: CheckArgs) -> CommandResult {
    let as_json = args.json;
    let backend = backend::open()?;
    let status = backend.check(port(&*backend, args)?)?;
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

/// Returns the port that is named, or that of the service that is named.
fn port(backend: &dyn Backend, args: CheckArgs) -> Result<Port, CommandError> {
    let invocation = Invocation::new("check", args.app.as_deref(), args.instance.as_deref());
    let wanted = named::services_and_ports(&invocation, &args.words, args.service)?;
    let ports: Vec<Port> = wanted.ports.iter().copied().chain(args.port).collect();
    match (&ports[..], &wanted.services[..]) {
        ([port], []) => Ok(*port),
        ([], [service]) => {
            let names = CheckoutNames::new(args.app, args.instance);
            port_of(backend, &invocation, &names, service)
        }
        ([], []) => Err(CommandError::Usage(
            Report::new("no port is named").hint("name one, as in `portctl check 3000`"),
        )),
        _ => {
            let ports = ports.iter().map(Port::to_string);
            let words: Vec<String> = ports.chain(wanted.services).collect();
            let line = invocation.with_all(&words);
            Err(CommandError::Usage(
                Report::new("check takes one port or service")
                    .hint(format!("did you mean `{line}`?")),
            ))
        }
    }
}

fn port_of(
    backend: &dyn Backend,
    invocation: &Invocation,
    names: &CheckoutNames,
    service: &str,
) -> Result<Port, CommandError> {
    let key = names.key(service)?;
    let filter = names.filter_of_instance()?;
    let allocations = conflict::allocations_of(backend, names, &filter)?;
    match allocations.iter().find(|it| it.key == key) {
        Some(allocation) => Ok(allocation.port),
        None => Err(missing::report(invocation, &key, &allocations).into()),
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
