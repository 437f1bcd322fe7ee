//! Descriptions of JSON that was not expected.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::api_error::ApiError;

/// Names the type of a value. Numbers and flags, which are short, are shown.
pub(super) fn name_type(value: &Value) -> String {
    match value {
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        short => short.to_string(),
    }
}

/// Names the type of a value that may be too large to be parsed for it.
pub(super) fn name_raw_type(value: &RawValue) -> String {
    match value.get().as_bytes().first() {
        Some(b'"') => "a string".to_owned(),
        Some(b'[') => "an array".to_owned(),
        Some(b'{') => "an object".to_owned(),
        _ => format!("{:.24}", value.get()),
    }
}

/// Makes the error for text that is not JSON.
pub(super) fn malformed(text: &[u8], error: &serde_json::Error) -> ApiError {
    if text.trim_ascii().is_empty() {
        return ApiError::invalid_json("the body is empty");
    }
    ApiError::invalid_json(error.to_string())
}
