//! The fields of a JSON object, each of an expected type.

use serde_json::{Map, Value};

use super::json_type::{malformed, name_type};
use crate::api_error::ApiError;

/// The fields of a JSON object. A missing field equals `null`, and both equal the zero value of the type.
pub(super) struct JsonFields {
    fields: Map<String, Value>,
    texts: ErrorTexts,
    /// The path of the object in the body, with a dot at its end.
    path: String,
}

/// The texts of errors about types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorTexts {
    /// Those of the Go server for the requests and the fields that it knew.
    Go,
    /// Texts that name the field.
    Own,
}

/// The fields that the Go server knew.
const GO_FIELDS: [&str; 4] = ["app", "instance", "service", "port"];

impl JsonFields {
    pub(super) fn parse(body: &[u8], texts: ErrorTexts) -> Result<JsonFields, ApiError> {
        let value = serde_json::from_slice(body).map_err(|error| malformed(body, &error))?;
        let Value::Object(fields) = value else {
            let detail = format!("the body must be an object, not {}", name_type(&value));
            return Err(match texts {
                ErrorTexts::Go => ApiError::invalid_json(detail),
                ErrorTexts::Own => ApiError::bad_request(detail),
            });
        };
        let path = String::new();
        Ok(JsonFields {
            fields,
            texts,
            path,
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.wrong_type(name, "a string", other)),
        }
    }

    /// Returns the fields of an object, or `None` if it is missing.
    pub(super) fn object(&self, name: &str) -> Result<Option<JsonFields>, ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(JsonFields {
                fields: fields.clone(),
                texts: self.texts,
                path: format!("{}{name}.", self.path),
            })),
            Some(other) => Err(self.wrong_type(name, "an object", other)),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, ApiError> {
        let value = self.fields.get(name);
        value.map_or(Ok(0), |value| self.to_number(name, value))
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<i64>, ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(values)) => values
                .iter()
                .enumerate()
                .map(|(index, value)| self.to_number(&format!("{name}[{index}]"), value))
                .collect(),
            Some(other) => Err(self.wrong_type(name, "an array", other)),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong_type(name, "true or false", other)),
        }
    }

    fn to_number(&self, name: &str, value: &Value) -> Result<i64, ApiError> {
        match value {
            Value::Null => Ok(0),
            Value::Number(number) if number.is_u64() && !number.is_i64() => {
                Err(self.invalid(name, "is too large a number"))
            }
            other => other
                .as_i64()
                .ok_or_else(|| self.wrong_type(name, "a whole number", other)),
        }
    }

    fn wrong_type(&self, name: &str, expected: &str, value: &Value) -> ApiError {
        self.invalid(
            name,
            &format!("must be {expected}, not {}", name_type(value)),
        )
    }

    fn invalid(&self, name: &str, problem: &str) -> ApiError {
        let field = format!("{}{name}", self.path);
        let detail = format!("{field} {problem}");
        if self.texts == ErrorTexts::Go && GO_FIELDS.contains(&&*field) {
            ApiError::invalid_json(detail)
        } else {
            ApiError::bad_request(detail)
        }
    }
}
