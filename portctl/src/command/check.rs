//! `portctl check`.

use port_registry::{Allocation, Listener, PortStatus};

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
    match (&status.holder, &status.listener) {
        (None, None) => format!("port {port} is available"),
        (None, Some(listener)) => {
            format!("port {port} is in use{}, and not allocated", by(listener))
        }
        (Some(holder), None) => format!(
            "port {port} is allocated to {}, and not in use",
            name(holder)
        ),
        (Some(holder), Some(listener)) => format!(
            "port {port} is allocated to {}, and in use{}",
            name(holder),
            by(listener)
        ),
    }
}

/// Who listens, as far as the system tells.
fn by(listener: &Listener) -> String {
    match (listener.pid, &listener.process, listener.uid) {
        (Some(pid), Some(process), _) => {
            format!(" by {} (pid {pid})", output::visible(process))
        }
        (Some(pid), None, _) => format!(" by pid {pid}"),
        (None, _, Some(uid)) => format!(" by another user's process (uid {uid})"),
        (None, _, None) => " on this system".to_owned(),
    }
}

fn name(holder: &Allocation) -> String {
    let name = match &holder.dir {
        Some(dir) => format!("{} (id {}, of {dir})", holder.key, holder.id),
        None => format!("{} (id {})", holder.key, holder.id),
    };
    output::visible(&name).into_owned()
}
