//! Tests of the test support. Cargo builds its helper programs only for a package that has such tests.

mod checker;
mod model;
