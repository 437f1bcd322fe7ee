//! Completions of command lines: what portctl offers, and what becomes of it in the shells.

mod engine;
mod fixture;
mod shells;
mod terminal;
mod trouble;
