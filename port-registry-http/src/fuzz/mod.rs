//! Entry points of the fuzzer. Each panics if an invariant is broken.

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is how the fuzzer learns of a finding"
)]

mod access;
mod decoding;
#[cfg(test)]
mod replay;
mod server;

pub use self::access::host;
pub use self::decoding::{body, path, query};
pub use self::server::{request, start_server};
