//! What the README says is so: every command in it is run, and its tables are held against the programs.

#[cfg(target_os = "linux")]
mod blocks;
mod reference;
#[cfg(target_os = "linux")]
mod session;
mod text;
