//! `portctl check`.

use port_registry::{Allocation, PortStatus};

use super::{Done, Outcome, registry};
use crate::args::Check;
use crate::output;

pub(super) fn run(args: &Check) -> Outcome {
    let status = registry()?.check(args.port)?;
    let printed = if args.json {
        output::print_json(&status)
    } else {
        output::print(&describe(&status))
    };
    Ok(if status.available {
        Done::Printed(printed)
    } else {
        Done::No(printed)
    })
}

fn describe(status: &PortStatus) -> String {
    let port = status.port;
    match (&status.holder, status.listener.is_some()) {
        (None, false) => format!("port {port} is available"),
        (None, true) => format!("port {port} is in use on this system, and not allocated"),
        (Some(holder), false) => format!(
            "port {port} is allocated to {}, and not in use",
            name(holder)
        ),
        (Some(holder), true) => format!("port {port} is allocated to {}, and in use", name(holder)),
    }
}

fn name(holder: &Allocation) -> String {
    let name = match &holder.dir {
        Some(dir) => format!("{} (id {}, of {dir})", holder.key, holder.id),
        None => format!("{} (id {})", holder.key, holder.id),
    };
    output::visible(&name).into_owned()
}
