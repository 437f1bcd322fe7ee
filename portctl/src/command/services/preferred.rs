//! Preferred ports that services did not get.

use port_registry::{Allocation, Port};

use super::super::invocation::Invocation;
use crate::args::PROGRAM;
use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::declared::Declarations;
use crate::output::wording;
use crate::report::Report;
use crate::whose::Whose;

/// The way in which a service takes over a port that a process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum Takeover {
    /// The process may be the service, so that it stays.
    Adopt,
    /// The service starts later, and needs the port free.
    AfterStop,
}

/// The error for a command line with both `--port` and `--prefer`.
pub(in crate::command) fn both_ports(
    invocation: &Invocation,
    service: &str,
    port: Port,
) -> CommandError {
    let line = invocation.with(&[service]);
    let report = Report::new("--port and --prefer exclude each other");
    CommandError::Usage(report.hint(format!(
        "write `{line} --port {port}` for this port and no other, or `{line} --prefer {port}` if another one will do"
    )))
}

/// Tells that a service with a port does not get the one that it is now to get preferably.
pub(in crate::command) fn note_of_kept(
    invocation: &Invocation,
    held: &Allocation,
    preferred: Port,
) -> Option<String> {
    let service = held.key.service();
    let line = invocation.of("move").with(&[service]);
    (held.port != preferred).then(|| {
        let port = held.port;
        format!(
            "{service} keeps its port, {port}; `{line} --prefer {preferred}` asks for the other"
        )
    })
}

/// Notes the declared services without their preferred ports while these are available. A linked worktree leaves them to the
/// main checkout. An error counts as nothing, because the services have ports all the same.
pub(in crate::command) fn notes_of_available(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    declared: &Declarations,
    held: &[Allocation],
) -> Result<Vec<String>, CommandError> {
    if !here.prefers_declared_ports()? {
        return Ok(Vec::new());
    }
    let notes = held.iter().filter_map(|it| {
        let service = it.key.service();
        let preferred = declared.service(service)?.preferred;
        note_of_available(backend, invocation, it, preferred?)
    });
    Ok(notes.collect())
}

/// Notes that a service without its preferred port could have it, because it is available.
pub(in crate::command) fn note_of_available(
    backend: &dyn Backend,
    invocation: &Invocation,
    held: &Allocation,
    preferred: Port,
) -> Option<String> {
    let (service, port) = (held.key.service(), held.port);
    if port == preferred {
        return None;
    }
    let status = backend.check(preferred).ok()?;
    let is_available = status.holder.is_none() && status.in_use.is_none();
    is_available.then(|| {
        let line = invocation.of("move").with_port(service, preferred);
        format!("{service} keeps port {port}, though its preferred port {preferred} is available: `{line}`")
    })
}

/// Tells who has the port that a new allocation was to get preferably, and what takes it over. Returns `None` if the
/// allocation got it. An error counts as nothing, because the service has a port all the same.
pub(in crate::command) fn note_of_new(
    backend: &dyn Backend,
    invocation: &Invocation,
    declared: Option<&Declarations>,
    new: &Allocation,
    preferred: Port,
    takeover: Takeover,
) -> Option<String> {
    let service = new.key.service();
    let line = invocation.of("move").with_port(service, preferred);
    let release = invocation.of("release");
    let (key, port) = (&new.key, new.port);
    if let Some(old) = renamed(backend, declared, new, preferred) {
        let release = release.with(&[old.key.service()]);
        return Some(format!(
            "{key} got port {port}, because port {preferred} is allocated to {}, which is not in portctl.toml: \
             `{release} && {line}` takes the port over",
            old.key
        ));
    }
    let reason = reason(backend, new, preferred, &line, takeover)?;
    Some(format!("{key} got port {port}, because {reason}"))
}

/// Returns the service of the same checkout that has a port, if it is not declared any more and nothing listens there.
fn renamed(
    backend: &dyn Backend,
    declared: Option<&Declarations>,
    new: &Allocation,
    preferred: Port,
) -> Option<Allocation> {
    let declared = declared.filter(|it| it.service(new.key.service()).is_some())?;
    let status = backend.check(preferred).ok()?;
    let holder = status.holder.filter(|_| status.in_use.is_none())?;
    let is_own = holder.dir == new.dir
        && holder.key.app() == new.key.app()
        && holder.key.instance() == new.key.instance();
    let is_renamed =
        is_own && holder.id != new.id && declared.service(holder.key.service()).is_none();
    is_renamed.then_some(holder)
}

/// Tells why a service that was to move to a port preferably has kept another one. `line` is the command line that moves it there.
pub(in crate::command) fn reason(
    backend: &dyn Backend,
    own: &Allocation,
    preferred: Port,
    line: &str,
    takeover: Takeover,
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
            let step = match (&owner, takeover) {
                (Whose::Ours, Takeover::AfterStop) => {
                    format!("; stop that process, and then `{line}` takes it over")
                }
                // Never advise to end a process that may be another checkout's.
                (Whose::Unknown(_), Takeover::AfterStop) => {
                    format!("; once the port is available, `{line}` takes it over")
                }
                (Whose::Ours, Takeover::Adopt) => format!("; `{line} --adopt` takes it over"),
                (Whose::Unknown(_), Takeover::Adopt) => {
                    format!("; if it is the service, `{line} --adopt` takes it over")
                }
                (Whose::Foreign(_) | Whose::Daemon | Whose::Nobody, _) => String::new(),
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
