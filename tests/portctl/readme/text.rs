//! The text of the README.

pub(super) const README: &str = include_str!("../../../README.md");
