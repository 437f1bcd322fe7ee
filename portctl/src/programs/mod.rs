//! The server programs whose command lines are understood: their flags, variables, strictness and default ports.
//!
//! `run` gives each its port by this table, and `scan` reads the ports that are written for them.

mod arguments;
mod command;
mod databases;
mod interpreter;
mod javascript;
mod names;
mod other_languages;
mod package_manager;
mod port_setting;
mod program;
mod python;
mod shell;
mod table;
mod words;
mod wrapper;

pub(crate) use self::command::{InnerCommand, Reached, ScriptCall, ScriptRunner, inner_command};
pub(crate) use self::names::{
    CONTAINERS, INTERPRETERS, NO_SERVERS, SETTERS, TEST_RUNNERS, WRAPPERS, is_server,
    is_with_address, is_with_long_flag, is_with_short_flag, is_with_upper_flag,
};
pub(crate) use self::port_setting::{PortSetting, port_setting};
pub(crate) use self::program::{Program, WhenTaken};
pub(crate) use self::shell::simple_commands;
pub(crate) use self::table::serving_program;
pub(crate) use self::words::{assignment, base_name};
