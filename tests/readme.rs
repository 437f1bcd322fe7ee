//! What the README says is so: every command in it is run, and its tables are held against the programs.

#[cfg(target_os = "linux")]
#[path = "readme/blocks.rs"]
mod blocks;
#[cfg(target_os = "linux")]
#[path = "support/namespace.rs"]
mod namespace;
#[path = "readme/reference.rs"]
mod reference;
#[cfg(target_os = "linux")]
#[path = "readme/session.rs"]
mod session;
mod support;

const README: &str = include_str!("../README.md");
