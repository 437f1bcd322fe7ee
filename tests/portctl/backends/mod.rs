//! The two backends, which must print the same for the same command lines, and servers that are not a
//! daemon or a broken one.

mod agreement;
mod bad_daemon;
mod fake_daemon;
mod fixture;
mod table;
