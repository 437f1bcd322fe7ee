//! Hints about conflicts. The tests run the commands that the hints name.

mod conflicts;
#[cfg(target_os = "linux")]
mod doctor;
pub(super) mod fixture;
mod scans;
