//! Checks the README: runs every command in it, and compares its tables with the programs.

#[cfg(target_os = "linux")]
mod blocks;
mod reference;
#[cfg(target_os = "linux")]
mod session;
mod text;
