//! `portctl compose` with the real Docker Compose. tests/compose has the projects.

mod checkouts;
mod compared;
mod difference;
mod engine;
mod project;
mod projects;
mod up;
mod worktrees;
