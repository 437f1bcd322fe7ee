//! Concurrent processes that share one store.
//!
//! Each process runs `test-store-user` or `portctl`. `PORT_REGISTRY_SOAK` multiplies the number of operations.

mod crowds;
mod fixture;
mod killed;
mod limits;
mod suspended;
