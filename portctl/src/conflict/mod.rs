//! Reports of conflicts, each with the command that resolves it.

mod claim;
mod hint;
mod holder;
mod port;
mod service_move;

pub(crate) use self::claim::{first_allocated, report_first};
pub(crate) use self::hint::{
    adopt_command, command_for, command_in_checkout, move_command_to, path_for, release_command,
    release_hint, release_hint_if_gone, step_beside_foreign,
};
pub(crate) use self::holder::{report_holder, report_port_of};
pub(crate) use self::port::refuse_foreign;
pub(crate) use self::service_move::report_move;
