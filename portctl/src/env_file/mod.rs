//! Environment variables with ports, and keeping them in files.

#[cfg(unix)]
mod attributes;
pub(crate) mod block;
mod entry_kind;
#[cfg_attr(not(unix), path = "folder_by_path.rs")]
mod folder;
mod place;
mod replace;
pub(crate) mod variables;

pub(crate) use self::place::{FilePlace, PlaceError, ROOT_MARKERS};
pub(crate) use self::replace::{Replaced, put, replace};
