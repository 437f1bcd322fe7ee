//! The agent skill: it is installed where agents look, no file of the user is lost, and its examples work.

mod examples;
mod fixture;
mod installing;
mod user_files;
