//! The queue of writers, which gives one of them at a time the right to write.

pub(super) mod lock_file;
mod waiting_list;
pub(super) mod writer_turn;

#[cfg(test)]
mod tests;
