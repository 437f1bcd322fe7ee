//! Reports of conflicts, each with the command that resolves it.

mod claim;
mod free_name;
mod hint;
mod holder;

pub(crate) use self::claim::{allocate, allocations_of, report_first};
pub(crate) use self::free_name::free_instance;
pub(crate) use self::hint::{
    adopt_command, name_flags, release_command, release_hint, release_hint_if_gone,
};
pub(crate) use self::holder::report_holder;
