//! Allocating ports: planning a batch of requests, and carrying it out.

pub(crate) mod allocator;
pub(crate) mod assignment_order;
mod plan;
mod probe_cache;
pub(crate) mod request;
