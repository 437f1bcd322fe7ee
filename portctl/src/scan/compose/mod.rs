//! Compose files (the Compose Specification, <https://github.com/compose-spec/compose-spec>).

mod env_files;
mod file;
mod groups;
mod include;
mod model;
mod model_ports;
mod names;
mod outline;
mod port_variables;
mod published_port;
mod reader;
mod scanner;
mod scope;
mod services;

pub(crate) use self::env_files::is_true;
pub(super) use self::groups::recognizes;
pub(crate) use self::groups::{NAMES, OVERRIDES};
pub(crate) use self::model::{ModelFiles, read_model};
pub(crate) use self::outline::ComposeOutline;
pub(super) use self::port_variables::port_variables;
pub(super) use self::scanner::{PortVariables, scan};
