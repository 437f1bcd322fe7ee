//! Real servers and package managers, started by `portctl run`. `.ci/programs` installs them, and tests/programs has a
//! project for each.

mod left_alone;
mod managers;
mod outcome;
mod processes;
mod project;
mod server;
mod stays_on_its_port;
mod worktrees;

pub(crate) use self::project::installed;
