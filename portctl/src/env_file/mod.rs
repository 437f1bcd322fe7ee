//! Files of environment variables, and the ports in them.

pub(crate) mod block;
mod replace;
pub(crate) mod variables;

pub(crate) use self::replace::{Replaced, put, replace};
