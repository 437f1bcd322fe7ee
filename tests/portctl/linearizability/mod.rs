//! Whatever clients of both backends ask at once, there is an order of the operations, one after the
//! other, in which each is answered as it was and none comes before one that had ended when it began:
//! the registry is linearizable.
//!
//! Clients of a daemon and registries of this process work on one file, in a share of the rounds while
//! the daemon is killed or clients hang up, so that nobody knows what became of some operations. What
//! they were told is held against a registry of two plain maps by a checker, which has tests of its own
//! in `linearizability/checker.rs`; that it catches the faults that such programs have is shown by
//! clients which have them, in `linearizability/broken.rs`. `PORT_REGISTRY_SOAK` multiplies the rounds.

mod backends;
mod broken;
mod recorder;
mod round;
mod rounds;
mod server;
