//! What is told of a conflict, and that it leads on.

mod conflicts;
mod fixture;
mod scans;
