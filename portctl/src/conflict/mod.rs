//! Reports of conflicts, each with the command that resolves it.

mod report;
mod scanned;

pub(crate) use self::report::{
    allocate, allocations_of, get_or_allocate, name_flags, of_holder, own_instance,
};
pub(crate) use self::scanned::register;
