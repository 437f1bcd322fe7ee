//! The store's files: their modes, and what stands in their place.

mod content;
mod examination;
mod fixture;
mod foreign;
mod place;
