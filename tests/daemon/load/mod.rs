//! Many clients at once, and other processes on the same file: no write fails because another one
//! is under way, and nothing is given twice.
//!
//! `PORT_REGISTRY_SOAK` multiplies what they do.

mod batches;
mod concurrency;
mod fixture;
mod sharing;
