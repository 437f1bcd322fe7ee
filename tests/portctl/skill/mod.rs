//! The agent skill: installation, files of the user, and the examples in its documents.

mod evaluation;
mod examples;
mod fixture;
mod installing;
mod user_files;
