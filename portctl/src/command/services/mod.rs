//! Services of a command line: the words that name them, finding them, and getting their ports.

pub(in crate::command) mod claiming;
pub(in crate::command) mod missing;
pub(in crate::command) mod named;
pub(in crate::command) mod new_services;
pub(in crate::command) mod preferred;
pub(in crate::command) mod refusal;
pub(in crate::command) mod selected;
