//! The actions of the commands, one file each. Their arguments are in [`args`](crate::args).

pub(crate) mod allocate;
pub(crate) mod check;
mod claiming;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod health;
pub(crate) mod import;
mod invocation;
pub(crate) mod list;
mod missing;
mod named;
mod new_services;
pub(crate) mod outcome;
pub(crate) mod prune;
mod refusal;
pub(crate) mod release;
pub(crate) mod restart;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod skill;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod version;
