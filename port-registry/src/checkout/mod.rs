//! Checkouts: detecting the one that a folder is in, and comparing two of them.

pub(crate) mod compare;
#[cfg(feature = "detect")]
pub(crate) mod detect;
#[cfg(feature = "detect")]
mod git;
#[cfg(feature = "detect")]
pub(crate) mod repository_name;
