//! The REST API: decodes requests, carries them out, and writes responses.

pub(crate) mod app_state;
pub(crate) mod decode;
pub(crate) mod gate;
pub(crate) mod request_body;
mod response;
pub(crate) mod routes;
