//! The same command lines through a named daemon and in process, which print the same. And servers that are
//! no daemon, or a bad one.

mod agreement;
mod bad_daemon;
mod fake_daemon;
mod fixture;
mod table;
