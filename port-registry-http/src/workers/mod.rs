//! Work that must not block the main thread: commits, reads, and checks of the store's health.

pub(crate) mod blocking;
mod job;
pub(crate) mod store_health;
pub(crate) mod writer;
