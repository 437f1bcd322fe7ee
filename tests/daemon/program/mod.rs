//! The life of the daemon: how it starts and stops, whom it lets be, and what it survives.

mod failures;
mod fixture;
mod pidfiles;
mod shutdown;
mod startup;
