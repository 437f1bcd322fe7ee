//! Reports of conflicts, each with the command that resolves it.

mod report;
mod scanned;

pub(crate) use self::report::{allocate, allocations_of, get_or_allocate, of_holder};
pub(crate) use self::scanned::register;
