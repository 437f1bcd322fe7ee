//! The store: files that any number of processes use at the same time. No other module knows them, or redb.
//!
//! `DESIGN.md` in the package specifies the files, and how they are read, changed and recovered.

mod boot;
mod bytes;
mod deviation;
mod disk;
pub(crate) mod fault;
pub(crate) mod files;
mod generation;
mod journal;
mod mark;
mod position;
mod queue;
mod snapshot;
mod snapshot_cache;
pub(crate) mod tables;
mod tenure;
pub(crate) mod transaction;

#[cfg(test)]
mod tests;
