//! Reading the store's file without its locks, and checking it.

pub(super) mod check;
pub(super) mod header;
pub(super) mod image;
mod overlay;
