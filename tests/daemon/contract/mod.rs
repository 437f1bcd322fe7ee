//! The REST contract: every request of the API and its response, for clients written for the Go server
//! and for invalid requests.

mod allocations;
mod batches;
mod bodies;
mod identity;
mod invalid_requests;
mod moves;
mod preferences;
mod session;
