//! Stale and forged pidfiles and locks, impostors, and other daemons: `portctl` reports each correctly and never
//! signals a foreign process.

mod addresses;
mod fixture;
mod pidfiles;
mod versions;
