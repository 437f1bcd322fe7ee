//! What portctl prints, where, and how it ends.

mod allocating;
mod completions;
mod environment;
mod fixture;
mod help;
mod listing;
mod terminal;
