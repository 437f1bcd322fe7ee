//! Programs that read env files, on files that `portctl env --write` has written.

mod files;
mod fixture;
mod reader;
mod shells;
