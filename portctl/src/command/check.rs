//! `portctl check`.

use port_registry::{Port, PortStatus};

use super::outcome::{CommandResult, Done};
use crate::args::CheckArgs;
use crate::backend;
use crate::command_error::CommandError;
use crate::output::{self, visible, wording};

pub(crate) fn run(args: &CheckArgs) -> CommandResult {
    let port = port(args)?;
    let status = backend::open()?.check(port)?;
    let printed = if args.json {
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

fn port(args: &CheckArgs) -> Result<Port, CommandError> {
    match (args.named_port, args.port) {
        (Some(port), None) | (None, Some(port)) => Ok(port),
        (None, None) => Err(CommandError::Usage(
            "name a port, as in `portctl check --port 3000`".to_owned(),
        )),
        (Some(_), Some(_)) => Err(CommandError::Usage("name one port".to_owned())),
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
