//! Fuzzing entry points. Each panics if an invariant is broken.

mod decoding;

pub use self::decoding::{body, host, path, query, request, serve};
