//! Checkouts: finding the one that a folder is in, its labels, and comparing two of them, and telling if one is gone.

pub(crate) mod compare;
#[cfg(feature = "detect")]
pub(crate) mod detect;
#[cfg(feature = "detect")]
pub(crate) mod file_status;
#[cfg(feature = "detect")]
mod git;
#[cfg(feature = "detect")]
mod git_files;
pub(crate) mod holding;
#[cfg(feature = "detect")]
pub(crate) mod hooks_folder;
#[cfg(feature = "detect")]
pub(crate) mod labels;
#[cfg(feature = "detect")]
mod layout;
#[cfg(feature = "detect")]
mod leftovers;
pub(crate) mod mark;
mod missing;
mod mounts;
#[cfg(feature = "detect")]
pub(crate) mod named;
mod namespace;
#[cfg(feature = "detect")]
mod process;
#[cfg(feature = "detect")]
pub(crate) mod project_file;
pub(crate) mod reach;
#[cfg(feature = "detect")]
pub(crate) mod repository_name;
#[cfg(any(feature = "detect", feature = "listeners"))]
pub(crate) mod root;
#[cfg(feature = "detect")]
pub(crate) mod services;
pub(crate) mod timeout;
#[cfg(feature = "detect")]
mod worktrees;
