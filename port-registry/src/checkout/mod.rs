//! Checkouts: finding the one that a folder is in, its labels, and comparing two of them.

pub(crate) mod compare;
#[cfg(feature = "detect")]
pub(crate) mod detect;
#[cfg(feature = "detect")]
pub(crate) mod file_status;
#[cfg(feature = "detect")]
mod git;
#[cfg(feature = "detect")]
pub(crate) mod labels;
#[cfg(feature = "detect")]
mod layout;
#[cfg(feature = "detect")]
mod process;
#[cfg(feature = "detect")]
pub(crate) mod repository_name;
pub(crate) mod root;
