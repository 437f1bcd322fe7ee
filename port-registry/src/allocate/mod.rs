//! Allocating ports: planning a batch of requests, and carrying it out.

pub(crate) mod allocator;
pub(crate) mod assignment_order;
mod checkout_claim;
mod omitted_ports;
mod plan;
mod port_choice;
mod probe_cache;
pub(crate) mod request;
