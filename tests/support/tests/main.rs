//! Tests of the test support itself. Cargo builds the helper programs for them.

mod checker;
mod model;
