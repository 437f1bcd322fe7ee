//! Remarks about a command before it runs.

use port_registry::Allocation;

use super::super::invocation::Invocation;
use super::super::service_lines::service_lines;
use crate::output::{self, Stream, visible};

/// A command that is about several services, and so gets no PORT.
#[derive(Clone, Copy, Debug)]
pub(super) struct PortAbsence {
    /// The services are named, and not all of the checkout.
    pub(super) are_named: bool,
    /// The command inherits a PORT.
    pub(super) is_inherited: bool,
    /// An argument has the placeholder of the port.
    pub(super) is_wanted: bool,
}

impl PortAbsence {
    /// Tells why PORT is not that of a service, and how it would be.
    pub(super) fn note(self, invocation: &Invocation, services: &[Allocation]) -> String {
        let state = if self.is_inherited {
            "PORT keeps its value"
        } else {
            "PORT is not set"
        };
        let placeholder = if self.is_wanted {
            ", and {port} stays as it is"
        } else {
            ""
        };
        let (reason, step) = if self.are_named {
            ("several services are named", "name only the one")
        } else {
            ("this checkout has several services", "name the one")
        };
        let first = services.first().map(|it| it.key.service());
        let line = invocation.with(first.as_slice());
        format!("{state}{placeholder}, because {reason}; {step} that the command serves: `{line}`")
    }
}

/// Shows people the URL of each service. Scripts get none.
pub(super) fn tell_urls(services: &[Allocation]) {
    if !output::is_terminal(Stream::Stderr) {
        return;
    }
    let urls: Vec<(&str, String)> = services
        .iter()
        .map(|it| (it.key.service(), it.port.url()))
        .collect();
    output::remark_lines(&service_lines(&urls).join("\n")).ok();
}

/// Shows the command line that is run in place of the typed one.
pub(super) fn tell_line(line: &str) {
    output::remark_lines(&visible(&format!("running: {line}"))).ok();
}
