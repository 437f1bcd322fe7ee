//! `portctl compose` with the real Docker Compose. tests/compose has the projects.

mod checkouts;
mod cli;
mod compared;
mod difference;
mod engine;
mod linked;
mod names;
mod opted_in;
mod project;
mod projects;
pub(crate) mod records;
mod up;
mod variables;
mod worktrees;
