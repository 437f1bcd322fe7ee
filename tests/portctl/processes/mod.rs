//! Many processes on one file.
//!
//! Each process is `test-store-user` or `portctl`. `PORT_REGISTRY_SOAK` multiplies what they do.

mod crowds;
mod fixture;
mod killed;
mod limits;
mod suspended;
