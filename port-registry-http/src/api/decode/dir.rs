//! Decodes paths of checkouts.

use std::path::Path;

use port_registry::CheckoutPath;

use crate::api_error::ApiError;

/// Reads the path of a checkout. Returns `None` for an empty one.
pub(super) fn parse_dir(dir: &str) -> Result<Option<CheckoutPath>, ApiError> {
    if dir.is_empty() {
        return Ok(None);
    }
    // A relative path would be relative to the daemon's folder, not to the client's.
    if !Path::new(dir).is_absolute() {
        return Err(ApiError::bad_request("dir must be an absolute path"));
    }
    let dir = CheckoutPath::of(dir);
    dir.map(Some)
        .map_err(|error| ApiError::bad_request(error.to_string()))
}
