//! The daemon as a program: startup, shutdown, foreign files, and failures it survives.

mod failures;
mod fixture;
mod log;
mod pidfiles;
mod replaced;
mod shutdown;
mod sockets;
mod startup;
