//! The README itself.

pub(super) const README: &str = include_str!("../../../README.md");
