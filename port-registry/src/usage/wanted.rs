//! The listeners that a search is for.

use std::path::Path;

use crate::types::port::Port;

/// The listeners that a search is for, and the means to tell their checkouts.
pub(crate) struct Wanted<'a> {
    /// The ports to search.
    pub(crate) ports: &'a dyn Fn(Port) -> bool,
    /// Those of them whose containers matter. The container engine is asked for no other ones, because its answer may take
    /// longer than all else.
    pub(crate) contained: &'a dyn Fn(Port) -> bool,
    /// Tells which folders outside of git are checkouts.
    pub(crate) is_recorded: &'a dyn Fn(&Path) -> bool,
}
