//! The store on disks that fail.

mod disk;
mod faults;
mod fixtures;
mod power_loss;
mod recent;
mod replaced;
