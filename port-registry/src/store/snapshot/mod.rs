//! Reading the store's file without taking part in its locking.

pub(super) mod image;
mod overlay;
