//! Decodes batches of requests.

use port_registry::Request;
use port_registry::daemon::api::Method;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{self, StrDeserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::claim::read_claim;
use super::fields::{ErrorTexts, JsonFields};
use super::filter::read_filter;
use super::json_type::{malformed, name_raw_type};
use super::number::to_id;
use super::service_move::read_move_by_id;
use crate::api_error::ApiError;
use crate::limits;

/// Decodes a batch: `{"requests":[{"method","body"}]}`. The body of a `PATCH` names the allocation by its
/// `"id"`, and that of a `DELETE` may. Items are parsed one at a time, so that a batch takes little more memory than its
/// text. The error reports every malformed item.
pub(crate) fn decode_batch(body: &[u8]) -> Result<Vec<Request>, ApiError> {
    let batch: BatchBody = parse_object(body, "the body")?;
    let requests: Vec<&RawValue> = parse_field(batch.requests, "requests", "an array")?;
    if requests.len() > limits::BATCH_REQUESTS {
        return Err(ApiError::bad_request(format!(
            "a batch has at most {} requests",
            limits::BATCH_REQUESTS
        )));
    }
    let mut decoded = Vec::with_capacity(requests.len());
    let items = requests.into_iter().enumerate();
    let errors = items.filter_map(|(index, item)| match decode_request(item.get()) {
        Ok(request) => {
            decoded.push(request);
            None
        }
        Err(error) => Some(error.at_request(index)),
    });
    match ApiError::combine(errors) {
        None => Ok(decoded),
        Some(error) => Err(error),
    }
}

#[derive(Deserialize)]
struct BatchBody<'a> {
    #[serde(borrow)]
    requests: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct UnparsedItem<'a> {
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Parses an object. serde alone would also accept an array for a struct.
fn parse_object<'a, T: Deserialize<'a>>(json: &'a [u8], name: &str) -> Result<T, ApiError> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        let value = serde_json::from_slice(json).map_err(|error| malformed(json, &error))?;
        return Err(wrong_type(name, "an object", value));
    }
    serde_json::from_slice(json).map_err(|error| malformed(json, &error))
}

/// Parses a field that has to be there.
fn parse_field<'a, T: Deserialize<'a>>(
    field: Option<&'a RawValue>,
    name: &str,
    expected: &str,
) -> Result<T, ApiError> {
    let field = field.ok_or_else(|| ApiError::bad_request(format!("{name} is required")))?;
    serde_json::from_str(field.get()).map_err(|error| match error.classify() {
        Category::Data => wrong_type(name, expected, field),
        _ => malformed(field.get().as_bytes(), &error),
    })
}

fn wrong_type(name: &str, expected: &str, value: &RawValue) -> ApiError {
    let found = name_raw_type(value);
    ApiError::bad_request(format!("{name} must be {expected}, not {found}"))
}

fn decode_request(item: &str) -> Result<Request, ApiError> {
    let item: UnparsedItem = parse_object(item.as_bytes(), "a request")?;
    let method: String = parse_field(item.method, "method", "a string")?;
    let body: &RawValue = parse_field(item.body, "body", "an object")?;
    let body = body.get().as_bytes();
    if body.len() > limits::BODY {
        return Err(ApiError::large_body(limits::BODY));
    }
    let body = JsonFields::parse(body, ErrorTexts::Own)?;
    match parse_method(&method)? {
        Method::Post => Ok(Request::Allocate(read_claim(&body)?)),
        Method::Put => Ok(Request::GetOrAllocate(read_claim(&body)?)),
        Method::Patch => Ok(Request::Move(read_move_by_id(&body)?)),
        Method::Delete => read_release(&body),
    }
}

fn parse_method(name: &str) -> Result<Method, ApiError> {
    let name: StrDeserializer<value::Error> = name.into_deserializer();
    Method::deserialize(name)
        .map_err(|_| ApiError::bad_request("method must be POST, PUT, PATCH or DELETE"))
}

fn read_release(body: &JsonFields) -> Result<Request, ApiError> {
    let id = body.number("id")?;
    let filter = read_filter(body)?;
    match id {
        0 => Ok(Request::ReleaseMatching(filter)),
        _ if !filter.is_empty() => Err(ApiError::bad_request("id goes with no filter")),
        number => to_id(number)
            .map(Request::Release)
            .ok_or_else(ApiError::unknown_allocation),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::decode_batch;

    fn message(body: &[u8]) -> String {
        decode_batch(body).unwrap_err().to_string()
    }

    #[test]
    fn batch_has_at_most_a_request_for_each_port() {
        let batch_of = |count: usize| {
            let item = r#"{"method":"DELETE","body":{"port":1}}"#;
            format!("{{\"requests\":[{}]}}", vec![item; count].join(","))
        };
        assert_eq!(
            decode_batch(batch_of(65_535).as_bytes()).unwrap().len(),
            65_535
        );
        let text = message(batch_of(65_536).as_bytes());
        assert_eq!(text, "a batch has at most 65535 requests");
    }

    #[test]
    fn malformed_request_of_a_batch_is_named() {
        for (body, expected) in [
            ("", "invalid JSON"),
            ("[", "invalid JSON"),
            ("{}", "requests is required"),
            (
                r#"{"requests":{}}"#,
                "requests must be an array, not an object",
            ),
            ("[[]]", "the body must be an object, not an array"),
            (
                r#"{"requests":[["PUT",{}]]}"#,
                "a request must be an object, not an array",
            ),
            (
                r#"{"requests":[{"method":"DELETE","body":{"id":1,"app":"a"}}]}"#,
                "id goes with no filter",
            ),
            (r#"{"requests":[1]}"#, "a request must be an object, not 1"),
            (r#"{"requests":[{"method":"PUT"}]}"#, "body is required"),
            (
                r#"{"requests":[{"method":"PUT","body":[]}]}"#,
                "the body must be an object, not an array",
            ),
            (
                r#"{"requests":[{"method":1,"body":{}}]}"#,
                "method must be a string, not 1",
            ),
            (
                r#"{"requests":[{"method":"PUT","body":{"port":"1"}}]}"#,
                "port must be a whole number, not a string",
            ),
            (
                r#"{"requests":[{"method":"DELETE","body":{"id":1.5}}]}"#,
                "id must be a whole number, not 1.5",
            ),
            (
                r#"{"requests":[{"method":"PUT","body":{"checkout_name":{"app":1}}}]}"#,
                "checkout_name.app must be a string, not 1",
            ),
            (
                r#"{"requests":[{"method":"GET","body":{}}]}"#,
                "method must be POST, PUT, PATCH or DELETE",
            ),
            (
                r#"{"requests":[{"method":"PUT","body":{"app":"a"}}]}"#,
                "app, instance, and service are required",
            ),
            (
                r#"{"requests":[{"method":"PATCH","body":{"port":3000}}]}"#,
                "id is required",
            ),
            (
                r#"{"requests":[{"method":"PATCH","body":{"id":-1,"port":-1}}]}"#,
                "allocation not found",
            ),
            (
                r#"{"requests":[{"method":"PATCH","body":{"id":1,"port":-1}}]}"#,
                "port must be between 1 and 65535",
            ),
        ] {
            assert_eq!(message(body.as_bytes()), expected, "{body}");
        }
        let second = br#"{"requests":[{"method":"DELETE","body":{}},{"method":"POST","body":{}}]}"#;
        let error: Value =
            serde_json::from_slice(&decode_batch(second).unwrap_err().to_json()).unwrap();
        assert_eq!(error["request"], 1);
        let both = br#"{"requests":[{"method":"GET","body":{}},{"method":"POST","body":{}}]}"#;
        let error: Value =
            serde_json::from_slice(&decode_batch(both).unwrap_err().to_json()).unwrap();
        assert_eq!(error["error"], "method must be POST, PUT, PATCH or DELETE");
        let errors = error["errors"].as_array().unwrap();
        let requests: Vec<_> = errors.iter().map(|error| &error["request"]).collect();
        assert_eq!(requests, [0, 1]);
        assert!(
            decode_batch(br#" {"x":[],"requests":[]}"#)
                .unwrap()
                .is_empty()
        );
        let padding = " ".repeat(70_000);
        let large = format!(r#"{{"requests":[{{"method":"DELETE","body":{{{padding}}}}}]}}"#);
        assert_eq!(
            message(large.as_bytes()),
            "the body is larger than 65536 bytes"
        );
    }
}
