//! Compares the registry with its model.
//!
//! Both perform the same random steps, some of which reopen the registry. The test compares every answer. After
//! each step it also compares all allocations through every index, and the names of checkouts, and `verify` checks
//! the free ports. `PORT_REGISTRY_MODEL_CASES` sets the number of runs.

mod comparison;
mod runs;
mod steps;
mod world;
