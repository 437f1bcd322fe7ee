//! A model of the registry: its promises to one client at a time, by two plain maps.
//!
//! The library's model test and the checker of linearizability both compare the registry with it.

mod answer;
mod op;
mod registry;

pub use answer::{Answer, Record};
pub use op::{Op, Want};
pub use registry::{Model, World};
