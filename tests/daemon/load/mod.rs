//! Many concurrent clients, and other processes on the same store. No write may fail because another
//! is in progress, and no port or id may be given twice.
//!
//! `PORT_REGISTRY_SOAK` multiplies the number of requests.

mod batches;
mod concurrency;
mod fixture;
mod sharing;
