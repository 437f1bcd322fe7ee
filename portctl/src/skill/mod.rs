//! The agent skill: what is in it, and keeping it where agents look for it.

mod files;
mod folder;
mod installation;
mod manifest;

pub(crate) use self::installation::{Change, Changed, Installation, Kind};
