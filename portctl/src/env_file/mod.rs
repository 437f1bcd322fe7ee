//! Environment variables with ports, and keeping them in files.

pub(crate) mod block;
mod replace;
pub(crate) mod variables;

pub(crate) use self::replace::{Replaced, put, replace};
