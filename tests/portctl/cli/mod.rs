//! What portctl prints, where, and how it ends.

mod allocating;
mod completions;
mod fixture;
mod help;
mod listing;
mod surroundings;
mod terminal;
