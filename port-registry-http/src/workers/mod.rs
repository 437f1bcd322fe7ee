//! Work that blocks: the writer thread, and the health of the store.

pub(crate) mod store_health;
pub(crate) mod writer;
