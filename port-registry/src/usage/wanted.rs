//! The listeners that a search is for.

use std::path::Path;

use crate::types::port::Port;

/// The listeners that a search is for, and the means to tell their checkouts.
pub(crate) struct Wanted<'a> {
    /// The ports to search.
    pub(crate) ports: &'a dyn Fn(Port) -> bool,
    /// The ports among them whose containers matter. The container engine is not asked about others, because its answer
    /// may take longer than everything else.
    pub(crate) contained: &'a dyn Fn(Port) -> bool,
    /// Returns `true` for a folder outside of git that is a checkout.
    pub(crate) is_recorded: &'a dyn Fn(&Path) -> bool,
}
