//! The store: one redb file that any number of processes use at the same time. No other module knows redb.
//!
//! `DESIGN.md` in the package specifies the file and its recovery.

mod backend;
mod create;
mod disk;
pub(crate) mod fault;
mod file;
mod handle;
mod handle_cache;
mod queue;
mod snapshot;
pub(crate) mod tables;
pub(crate) mod transaction;

#[cfg(test)]
mod tests;
