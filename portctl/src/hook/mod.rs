//! Hooks of git and of agents: the texts that portctl adds to files of a checkout, and what Claude Code is told.

pub(crate) mod agents_md;
pub(crate) mod claude_settings;
pub(crate) mod context;
pub(crate) mod event;
pub(crate) mod git_hook;
