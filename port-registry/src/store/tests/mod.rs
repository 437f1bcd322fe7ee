//! Tests of the store with a simulated disk.

mod disk;
mod faults;
mod fixtures;
mod journal;
mod power_loss;
mod replaced;
