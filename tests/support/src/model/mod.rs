//! A model of the registry that serves one client at a time, implemented with two maps.
//!
//! The library's model test and the linearizability checker compare the registry with it.

mod answer;
mod checkouts;
mod op;
mod registry;

pub use answer::{ModelAnswer, Record};
pub use op::{Operation, Want, WantedMove};
pub use registry::{Model, World};
