//! Reads the allocations that `portctl import` takes over.

mod rows;

pub(crate) use self::rows::parse;
