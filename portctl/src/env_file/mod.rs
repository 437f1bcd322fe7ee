//! Environment variables, and keeping them in files.

#[cfg(unix)]
mod attributes;
pub(crate) mod block;
mod entry_kind;
mod env_text;
#[cfg_attr(not(unix), path = "folder_by_path.rs")]
mod folder;
mod locked_files;
mod mark_path;
mod marked_block;
mod outranking;
mod place;
mod planned_write;
mod port_mention;
mod quoting;
mod references;
mod replace;
mod statements;
pub(crate) mod variables;

pub(crate) use self::env_text::{EnvText, OutsideAssignment};
pub(crate) use self::locked_files::{LockedFile, LockedFiles, Replaced};
pub(crate) use self::marked_block::{MarkedBlock, env_files, marked_block, read_small};
pub(crate) use self::outranking::outranking;
pub(crate) use self::place::{FilePlace, PlaceError, ROOT_MARKERS};
pub(crate) use self::planned_write::{
    BlockContent, BlockFormat, OutsideAssignments, PlanError, PlannedWrite, lines, plan,
};
pub(crate) use self::port_mention::{LOCAL_HOSTS, mentioned_ports};
pub(crate) use self::quoting::is_expanded_by_some;
pub(crate) use self::replace::put;
