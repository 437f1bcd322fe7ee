//! Docker Compose: its command line and its projects, and changing them without a change of their files.

pub(crate) mod arguments;
pub(crate) mod compose_folder;
pub(crate) mod engine;
pub(crate) mod env_value;
pub(crate) mod file_search;
pub(crate) mod files;
pub(crate) mod host_ports;
pub(crate) mod leftover;
pub(crate) mod model;
pub(crate) mod name_source;
pub(crate) mod name_text;
pub(crate) mod named_files;
pub(crate) mod old_containers;
mod other_checkouts;
pub(crate) mod override_text;
pub(crate) mod port_names;
pub(crate) mod program;
pub(crate) mod project_name;
pub(crate) mod read_model;
pub(crate) mod record;
pub(crate) mod shared;
