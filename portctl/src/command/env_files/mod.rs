//! Env files: the variables of a checkout, and the changes of the files that have them.

pub(in crate::command) mod env_refresh;
pub(in crate::command) mod env_writing;
pub(in crate::command) mod file_update;
pub(in crate::command) mod kept_files;
pub(in crate::command) mod moved_ports;
pub(in crate::command) mod wiring;
pub(in crate::command) mod write_target;
