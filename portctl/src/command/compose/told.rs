//! Remarks about a project before Compose runs.

use port_registry::Allocation;

use super::super::service_lines::service_lines;
use crate::output::{self, Stream, visible};

/// Shows people the address of each port of the project. Scripts get none.
pub(super) fn tell_ports(allocations: &[Allocation]) {
    if !output::is_terminal(Stream::Stderr) {
        return;
    }
    let addresses: Vec<(&str, String)> = allocations
        .iter()
        .map(|it| (it.key.service(), format!("localhost:{}", it.port)))
        .collect();
    output::remark_lines(&service_lines(&addresses).join("\n")).ok();
}

/// Prints the messages with which Compose refused a project.
pub(super) fn tell_refusal(messages: &[u8]) {
    let text = String::from_utf8_lossy(messages);
    let lines: Vec<String> = text.lines().map(|it| visible(it).into_owned()).collect();
    output::remark_lines(&lines.join("\n")).ok();
}
