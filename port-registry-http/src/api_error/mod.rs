//! Error responses: the one place that maps errors to codes, texts and statuses.

mod response;

pub(crate) use self::response::ApiError;
