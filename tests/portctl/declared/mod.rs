//! `portctl.toml`: the commands that take its services, and `portctl sync`.

mod fixture;
mod mistakes;
mod selection;
mod syncing;
mod worktrees;
