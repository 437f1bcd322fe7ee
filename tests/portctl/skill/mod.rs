//! The agent skill: it is installed where agents look, no file of the user is lost, and its examples work.

mod fixture;
mod installing;
mod keeping;
mod teaching;
