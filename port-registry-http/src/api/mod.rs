//! The REST API: from a decoded HTTP request to the response.

pub(crate) mod app_state;
pub(crate) mod body;
pub(crate) mod decode;
pub(crate) mod routes;
