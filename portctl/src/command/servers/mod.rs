//! Servers on the ports of services: reports about them, and waiting for them.

pub(in crate::command) mod awaited;
pub(in crate::command) mod server_report;
pub(in crate::command) mod state_notes;
