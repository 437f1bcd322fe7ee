//! Reports of conflicts, each with the command that resolves it.

mod claim;
mod hint;
mod holder;

pub(crate) use self::claim::{first_allocated, refuse_foreign, report_first};
pub(crate) use self::hint::{
    adopt_command, command_for, path_for, release_command, release_hint, release_hint_if_gone,
};
pub(crate) use self::holder::report_holder;
