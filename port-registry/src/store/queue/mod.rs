//! The queue of writers, which gives the right to write to one of them at a time.

pub(super) mod lock_file;
pub(super) mod writer_turn;
