//! Concurrent operations over both backends are linearizable.
//!
//! An order of the operations explains every answer, and keeps an operation after all that ended before it
//! began. Clients of a daemon and registries of this process use one store. In some rounds the daemon is killed
//! or clients hang up, so that some operations have no answer. `test_support::checker` compares the answers with
//! `test_support::model`; both have tests in `tests/support/tests`. `broken.rs` shows that the checker detects
//! typical bugs. `PORT_REGISTRY_SOAK` multiplies the rounds.

mod backends;
mod broken;
mod daemon;
mod recorder;
mod round;
mod rounds;
