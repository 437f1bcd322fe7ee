//! Hints about conflicts. The tests run the commands that the hints name.

mod conflicts;
mod fixture;
mod scans;
