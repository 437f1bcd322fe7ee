//! Checks this machine for problems, and reports how to fix each.
//!
//! Never change anything: the checks create, repair, start and stop nothing.

mod checkout;
mod checkouts;
mod checkup;
mod compose;
mod daemon;
mod exposure;
mod finding;
mod git;
mod home;
mod labels;
mod listeners;
mod path;
mod pidfile;
mod ports;
mod process;
mod store;

pub(crate) use self::checkup::examine;
pub(crate) use self::finding::CheckStatus;
