//! `portctl hook`.

mod agents;
mod fixture;
mod git;
