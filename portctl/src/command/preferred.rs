//! Preferred ports that services did not get.

use port_registry::{Allocation, Port};

use super::invocation::Invocation;
use crate::args::PROGRAM;
use crate::backend::Backend;
use crate::command_error::CommandError;
use crate::output::wording;
use crate::report::Report;
use crate::whose::Whose;

/// The error for a command line with both `--port` and `--prefer`.
pub(super) fn both_ports(invocation: &Invocation, service: &str, port: Port) -> CommandError {
    let line = invocation.with(&[service]);
    let report = Report::new("--port and --prefer exclude each other");
    CommandError::Usage(report.hint(format!(
        "write `{line} --port {port}` for this port and no other, or `{line} --prefer {port}` if another one will do"
    )))
}

/// Tells who has the port that a new allocation was to get preferably, and what takes it over. Returns `None` if the
/// allocation got it. An error counts as nothing, because the service has a port all the same.
pub(super) fn note_of_new(
    backend: &dyn Backend,
    invocation: &Invocation,
    new: &Allocation,
    preferred: Port,
) -> Option<String> {
    let service = new.key.service();
    let line = invocation.of("move").with_port(service, preferred);
    let reason = reason(backend, new, preferred, &line)?;
    Some(format!(
        "{} got port {}, because {reason}",
        new.key, new.port
    ))
}

/// Tells why a service that was to move to a port preferably has kept another one. `line` is the command line that moves it there.
pub(super) fn reason(
    backend: &dyn Backend,
    own: &Allocation,
    preferred: Port,
    line: &str,
) -> Option<String> {
    if own.port == preferred {
        return None;
    }
    let status = backend.check(preferred).ok()?;
    Some(match (&status.holder, &status.in_use) {
        (Some(holder), in_use) => {
            let gone = match in_use {
                None if holder.checkout_is_gone() => {
                    let id = holder.id;
                    format!(
                        "; its checkout is gone: `{PROGRAM} release --id {id} && {line}` takes the port over"
                    )
                }
                _ => String::new(),
            };
            let holder = wording::holder(holder);
            format!("port {preferred} is allocated to {holder}{gone}")
        }
        (None, Some(in_use)) => {
            let owner = Whose::of(in_use, own.dir.as_deref());
            let step = match owner {
                Whose::Ours => format!("; `{line} --adopt` takes it over"),
                Whose::Unknown(_) => {
                    format!("; if it is the service, `{line} --adopt` takes it over")
                }
                Whose::Foreign(_) | Whose::Daemon | Whose::Nobody => String::new(),
            };
            format!("port {preferred} is {in_use}{owner}{step}")
        }
        // A named port may be outside of the range, and for another user to bind.
        (None, None) => format!(
            "port {preferred} was in use, or is not among those that portctl may choose; \
             `{line}` takes it"
        ),
    })
}
