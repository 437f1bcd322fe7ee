//! Parsing of the files that `portctl import` reads.

mod rows;
mod time;

pub(crate) use self::rows::parse;
