//! Error responses: the one place that maps errors to codes, messages and statuses.
//!
//! The messages are those of the Go server, because its clients compare them.

mod catalog;
mod mapping;
mod response;

pub(crate) use self::response::ApiError;
