//! Client connections: access control, limits of time and memory, and bare responses.

pub(crate) mod access;
mod activity;
mod bare;
mod head;
pub(crate) mod listeners;
pub(crate) mod slots;
pub(crate) mod socket;
pub(crate) mod state;
pub(crate) mod stream;
pub(crate) mod user_check;
pub(crate) mod user_denied;
