//! The fields of a JSON object, each of an expected type.

use serde_json::{Map, Value};

use crate::api_error::ApiError;

/// The fields of a JSON object. A missing field equals `null`, and both equal the zero value of the type.
pub(super) struct JsonFields(Map<String, Value>);

impl JsonFields {
    pub(super) fn parse(body: &[u8]) -> Result<JsonFields, ApiError> {
        let fields = serde_json::from_slice(body);
        fields.map(JsonFields).map_err(|_| ApiError::invalid_json())
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(ApiError::invalid_json()),
        }
    }

    /// Returns the fields of an object, or `None` if it is missing.
    pub(super) fn object(&self, name: &str) -> Result<Option<JsonFields>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(JsonFields(fields.clone()))),
            Some(_) => Err(ApiError::invalid_json()),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, ApiError> {
        self.0.get(name).map_or(Ok(0), to_number)
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<i64>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(values)) => values.iter().map(to_number).collect(),
            Some(_) => Err(ApiError::invalid_json()),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or_else(ApiError::invalid_json),
        }
    }
}

fn to_number(value: &Value) -> Result<i64, ApiError> {
    match value {
        Value::Null => Ok(0),
        value => value.as_i64().ok_or_else(ApiError::invalid_json),
    }
}
