//! Reports of the servers on the ports of services.

use port_registry::{Allocation, PortUse};

use super::super::invocation::Invocation;
use crate::backend::Backend;
use crate::conflict::step_beside_foreign;
use crate::output::wording;
use crate::report::Report;
use crate::server::{LISTEN_ON_LOCALHOST, Server, other_addresses};
use crate::whose::Whose;

/// Reports a server that belongs to another checkout.
pub(in crate::command) fn foreign(
    invocation: &Invocation,
    allocation: &Allocation,
    server: &Server,
) -> Report {
    let service = [allocation.key.service()];
    let line = |command| invocation.of(command).with(&service);
    let listener = server.in_use.listener.as_ref();
    Report::new(described(allocation, server))
        .holder(allocation.clone())
        .in_use(Some(server.in_use.clone()))
        .hint(step_beside_foreign(allocation, listener, &line))
}

/// A port that accepts no connection on localhost.
#[derive(Debug)]
pub(in crate::command) struct Silence {
    pub(in crate::command) problem: String,
    pub(in crate::command) cause: SilenceCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum SilenceCause {
    NothingListens,
    /// The server listens on other addresses only.
    OtherAddress,
    /// A process listens, but accepts nothing.
    Hangs,
}

/// The next step for a server that does not answer as it should.
pub(in crate::command) const READ_LOG: &str = "read the log of the server";

impl SilenceCause {
    /// Returns the next step. `start` is that for a server that does not run.
    pub(in crate::command) fn step(self, start: &str) -> &str {
        match self {
            SilenceCause::NothingListens => start,
            SilenceCause::OtherAddress => LISTEN_ON_LOCALHOST,
            SilenceCause::Hangs => READ_LOG,
        }
    }
}

/// Finds the reason why a port accepts no connection on localhost.
pub(in crate::command) fn silence(backend: &dyn Backend, allocation: &Allocation) -> Silence {
    let port = allocation.port;
    if let Some(in_use) = backend.check(port).ok().and_then(|it| it.in_use) {
        return silence_of_used(allocation, &in_use);
    }
    Silence {
        problem: nothing_listens(backend, allocation),
        cause: SilenceCause::NothingListens,
    }
}

fn silence_of_used(allocation: &Allocation, in_use: &PortUse) -> Silence {
    let (port, key) = (allocation.port, &allocation.key);
    let Some(addresses) = in_use.listener.as_ref().and_then(other_addresses) else {
        let problem =
            format!("port {port} of {key} accepts no connection on localhost, but is {in_use}");
        let cause = if in_use.usage.may_listen() {
            SilenceCause::Hangs
        } else {
            SilenceCause::NothingListens
        };
        return Silence { problem, cause };
    };
    // The server of the checkout itself can listen on localhost beside a foreign one.
    let owner = Whose::of(in_use, allocation.dir.as_deref());
    let (owner, cause) = match &owner {
        Whose::Foreign(_) => (owner.to_string(), SilenceCause::NothingListens),
        _ => (String::new(), SilenceCause::OtherAddress),
    };
    Silence {
        problem: format!("port {port} of {key} is {in_use}{owner}{addresses}"),
        cause,
    }
}

/// Tells that nothing listens on a port, and which processes of its checkout listen on others.
fn nothing_listens(backend: &dyn Backend, allocation: &Allocation) -> String {
    let (port, key) = (allocation.port, &allocation.key);
    let status = backend.status(vec![allocation.clone()]).unwrap_or_default();
    let strays = status.iter().flat_map(|it| &it.elsewhere);
    let strays = strays.map(|it| {
        let (process, port) = (&it.listener, wording::stray_port(it));
        format!("; {process} of the same checkout listens on {port}")
    });
    let strays: String = strays.collect();
    format!("nothing listens on port {port} of {key}{strays}")
}

/// Names the process that listens on the port of a service, and its checkout or the reason why that is unknown.
pub(in crate::command) fn described(allocation: &Allocation, server: &Server) -> String {
    format!(
        "port {} of {} is {}{}",
        allocation.port, allocation.key, server.in_use, server.owner
    )
}
