//! Decides which service gets which port: plans a batch of requests and carries it out.

pub(crate) mod assignment_order;
pub(crate) mod batch;
pub(crate) mod plan;
pub(crate) mod probe_cache;
pub(crate) mod request;
