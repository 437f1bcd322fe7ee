//! Every request that the API knows, and what is answered: to clients of the Go server as they are,
//! and to those that make mistakes.

mod allocations;
mod batches;
mod bodies;
mod identity;
mod invalid_requests;
mod session;
