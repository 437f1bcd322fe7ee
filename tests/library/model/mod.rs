//! The registry against the model of it.
//!
//! Random operations, reopening included, go to both. Every answer is compared, and after every
//! operation all allocations, both indexes and, by `verify`, the structure of the free ports.
//! `PORT_REGISTRY_MODEL_CASES` sets the number of runs.

mod comparison;
mod runs;
mod steps;
mod surroundings;
