//! Checks the README and the pages of the packages: runs every command in them, and compares their tables with the
//! programs.

#[cfg(target_os = "linux")]
pub(crate) mod blocks;
mod links;
mod reference;
#[cfg(target_os = "linux")]
mod session;
mod text;
