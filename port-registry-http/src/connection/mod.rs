//! Client connections: their bytes within limits, and the requests that are let in.

pub(crate) mod access;
mod bare;
pub(crate) mod stream;
