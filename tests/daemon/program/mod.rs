//! The life of the daemon: how it starts and stops, whom it lets be, and what it survives.

mod ending;
mod fixture;
mod pidfiles;
mod starting;
mod trouble;
