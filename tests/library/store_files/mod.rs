//! The store's files: their modes, and other files in their place.

mod content;
mod examination;
mod fixture;
mod foreign;
mod place;
