//! Decoding of requests.
//!
//! The checks come in a fixed order, which clients see: JSON and its types, then names, then the
//! port. Unknown fields and parameters are ignored, and of a field of a claim or a filter that is given
//! twice the last counts. Claims and filters are decoded by hand, because the order of their checks and
//! the texts of their errors are a contract that serde's own errors would break.

use std::borrow::Cow;
use std::path::Path;

use percent_encoding::percent_decode_str;
use port_registry::daemon::api::Method;
use port_registry::{AllocationId, Claim, Filter, NameFault, Port, Request, ServiceKey};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{self, StrDeserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::limits;

/// Decodes a claim: `{"app","instance","service","port"?,"dir"?,"created_at"?,"adopt"?}`.
pub(crate) fn claim(body: &[u8]) -> Result<Claim, ApiError> {
    claim_of(&Fields::parse(body)?)
}

fn claim_of(fields: &Fields) -> Result<Claim, ApiError> {
    let (app, instance) = (fields.text("app")?, fields.text("instance")?);
    let (service, port) = (fields.text("service")?, fields.number("port")?);
    let (dir, adopt) = (fields.text("dir")?, fields.flag("adopt")?);
    let created_at = fields.text("created_at")?;

    let key = ServiceKey::new(app, instance, service).map_err(|error| match error.fault() {
        NameFault::Empty => ApiError::bad_request("app, instance, and service are required"),
        _ => ApiError::bad_request(error.to_string()),
    })?;
    let mut claim = Claim::new(key);
    if let Some(port) = nonzero_port(port)? {
        claim = claim.port(port);
    }
    if !dir.is_empty() {
        // A relative path would be taken from the daemon's folder.
        if !Path::new(dir).is_absolute() {
            return Err(ApiError::bad_request("dir must be an absolute path"));
        }
        let recorded = claim.dir(dir);
        claim = recorded.map_err(|error| ApiError::bad_request(error.to_string()))?;
    }
    if !created_at.is_empty() {
        let time = created_at.parse();
        claim = claim.created_at(
            time.map_err(|error| ApiError::bad_request(format!("created_at: {error}")))?,
        );
    }
    Ok(if adopt { claim.adopt() } else { claim })
}

/// Decodes a filter of allocations to release: `{"app"?,"instance"?,"service"?,"port"?}`, at least one of them.
pub(crate) fn filter(body: &[u8]) -> Result<Filter, ApiError> {
    filter_of(&Fields::parse(body)?)
}

fn filter_of(fields: &Fields) -> Result<Filter, ApiError> {
    let (app, instance) = (fields.text("app")?, fields.text("instance")?);
    let (service, port) = (fields.text("service")?, fields.number("port")?);
    let filter = with_names(Filter::default(), app, instance, service);
    Ok(match nonzero_port(port)? {
        Some(port) => filter.port(port),
        None => filter,
    })
}

/// Decodes a batch: `{"requests":[{"method","body"}]}`. The body of a `DELETE` may name one allocation
/// by its `"id"`. Items are parsed one at a time, so that a batch takes little more memory than its
/// text. The error reports every malformed item.
pub(crate) fn batch(body: &[u8]) -> Result<Vec<Request>, ApiError> {
    let batch: Batch = object(body)?;
    if batch.requests.len() > limits::BATCH_REQUESTS {
        return Err(ApiError::bad_request(format!(
            "a batch has at most {} requests",
            limits::BATCH_REQUESTS
        )));
    }
    let mut requests = Vec::with_capacity(batch.requests.len());
    let items = batch.requests.into_iter().enumerate();
    let errors = items.filter_map(|(index, item)| match request(item.get()) {
        Ok(request) => {
            requests.push(request);
            None
        }
        Err(error) => Some(error.of_request(index)),
    });
    match ApiError::of_batch(errors) {
        None => Ok(requests),
        Some(error) => Err(error),
    }
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    requests: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// Parses an object. The parser alone would accept an array for a structure too.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, ApiError> {
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    let value = is_object.then(|| serde_json::from_slice(json).ok());
    value.flatten().ok_or_else(ApiError::invalid_json)
}

fn request(item: &str) -> Result<Request, ApiError> {
    let item: Item = object(item.as_bytes())?;
    let body = item.body.get().as_bytes();
    if body.len() > limits::BODY {
        return Err(ApiError::large_body(limits::BODY));
    }
    let body = Fields::parse(body)?;
    match method(&item.method)? {
        Method::Post => Ok(Request::Allocate(claim_of(&body)?)),
        Method::Put => Ok(Request::GetOrAllocate(claim_of(&body)?)),
        Method::Delete => release_of(&body),
    }
}

fn method(name: &str) -> Result<Method, ApiError> {
    let name: StrDeserializer<value::Error> = name.into_deserializer();
    Method::deserialize(name)
        .map_err(|_| ApiError::bad_request("method must be POST, PUT or DELETE"))
}

fn release_of(body: &Fields) -> Result<Request, ApiError> {
    let id = body.number("id")?;
    let filter = filter_of(body)?;
    match id {
        0 => Ok(Request::ReleaseMatching(filter)),
        _ if !filter.is_empty() => Err(ApiError::bad_request("id goes with no filter")),
        number => known_id(number)
            .map(Request::Release)
            .ok_or_else(ApiError::unknown_allocation),
    }
}

/// Decodes a filter of allocations to list: `app=&instance=&service=&port=`. The first one of equal
/// parameters counts.
pub(crate) fn query(query: &str) -> Result<Filter, ApiError> {
    let mut parameters = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.push((percent_decoded(name)?, percent_decoded(value)?));
    }
    let parameter = |wanted| {
        let found = parameters.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value)
    };
    let filter = with_names(
        Filter::default(),
        parameter("app"),
        parameter("instance"),
        parameter("service"),
    );
    match parameter("port") {
        "" => Ok(filter),
        text => Ok(filter.port(port(text)?)),
    }
}

/// The number of an allocation, in a path. `None` for a number that no allocation can have.
pub(crate) fn id(text: &str) -> Result<Option<AllocationId>, ApiError> {
    let number: i64 = text
        .parse()
        .map_err(|_| ApiError::bad_request("invalid id"))?;
    Ok(known_id(number))
}

/// The id of this number, if an allocation can have it.
fn known_id(number: i64) -> Option<AllocationId> {
    AllocationId::new(u64::try_from(number).ok()?).ok()
}

/// A port, in a path or a query.
pub(crate) fn port(text: &str) -> Result<Port, ApiError> {
    let number: i64 = text
        .parse()
        .map_err(|_| ApiError::bad_request("invalid port"))?;
    checked_port(number)
}

/// A port, where 0 is none.
fn nonzero_port(number: i64) -> Result<Option<Port>, ApiError> {
    match number {
        0 => Ok(None),
        number => checked_port(number).map(Some),
    }
}

fn checked_port(number: i64) -> Result<Port, ApiError> {
    let port = u16::try_from(number)
        .ok()
        .and_then(|number| Port::new(number).ok());
    port.ok_or_else(ApiError::port_out_of_range)
}

/// Names that are empty choose nothing.
fn with_names(mut filter: Filter, app: &str, instance: &str, service: &str) -> Filter {
    if !app.is_empty() {
        filter = filter.app(app);
    }
    if !instance.is_empty() {
        filter = filter.instance(instance);
    }
    if !service.is_empty() {
        filter = filter.service(service);
    }
    filter
}

fn percent_decoded(text: &str) -> Result<String, ApiError> {
    let malformed = || ApiError::bad_request("malformed query");
    let is_hex = |digits: Option<&str>| {
        digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    let mut escapes = text.match_indices('%');
    if !escapes.all(|(at, _)| is_hex(text.get(at + 1..at + 3))) {
        return Err(malformed());
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(String::from).map_err(|_| malformed())
}

/// The fields of an object. One that is missing is like `null`, and like the zero of its type.
struct Fields(Map<String, Value>);

impl Fields {
    fn parse(body: &[u8]) -> Result<Fields, ApiError> {
        let fields = serde_json::from_slice(body);
        fields.map(Fields).map_err(|_| ApiError::invalid_json())
    }

    fn text(&self, name: &str) -> Result<&str, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(ApiError::invalid_json()),
        }
    }

    fn number(&self, name: &str) -> Result<i64, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(0),
            Some(value) => value.as_i64().ok_or_else(ApiError::invalid_json),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or_else(ApiError::invalid_json),
        }
    }
}

#[cfg(test)]
mod tests {
    use port_registry::Filter;

    use serde_json::Value;

    use super::{batch, claim, filter, id, port, query};

    fn refused<T: std::fmt::Debug>(result: Result<T, super::ApiError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_batch_has_a_request_for_each_port_at_most() {
        let of = |count: usize| {
            let item = r#"{"method":"DELETE","body":{"port":1}}"#;
            format!("{{\"requests\":[{}]}}", vec![item; count].join(","))
        };
        assert_eq!(batch(of(65_535).as_bytes()).unwrap().len(), 65_535);
        let told = refused(batch(of(65_536).as_bytes()));
        assert_eq!(told, "a batch has at most 65535 requests");
    }

    #[test]
    fn json_comes_before_names_and_names_before_the_port() {
        let all_wrong = br#"{"app":"","port":"x"}"#;
        assert_eq!(refused(claim(all_wrong)), "invalid JSON");
        let names_wrong = br#"{"app":"a","instance":" ","service":"s","port":-1,"dir":"x"}"#;
        assert_eq!(
            refused(claim(names_wrong)),
            "app, instance, and service are required"
        );
        let port_wrong = br#"{"app":"a","instance":"i","service":"s","port":-1,"dir":"x"}"#;
        assert_eq!(
            refused(claim(port_wrong)),
            "port must be between 1 and 65535"
        );
        let dir_wrong = br#"{"app":"a","instance":"i","service":"s","dir":"x"}"#;
        assert_eq!(refused(claim(dir_wrong)), "dir must be an absolute path");
        let time_wrong =
            br#"{"app":"a","instance":"i","service":"s","created_at":"2026-11-24 12:00:00"}"#;
        assert_eq!(
            refused(claim(time_wrong)),
            "created_at: a time is written like 2026-11-23T14:18:00Z"
        );
    }

    #[test]
    fn what_is_no_object_of_the_right_types_is_invalid() {
        for body in [
            "",
            "null",
            "[]",
            "1",
            "\"x\"",
            "{",
            "{}x",
            "{\"app\":1}",
            "{\"port\":1.5}",
            "{\"port\":3000.0}",
            "{\"port\":1e3}",
            "{\"port\":\"1\"}",
            "{\"port\":true}",
            "{\"port\":9223372036854775808}",
            "{\"port\":1e400}",
            "{\"adopt\":1}",
            "{\"dir\":[]}",
            "{\"app\":\"\\ud800\"}",
            "\u{feff}{}",
        ] {
            assert_eq!(refused(claim(body.as_bytes())), "invalid JSON", "{body}");
        }
        assert_eq!(refused(claim(b"{\"app\":\"\xff\"}")), "invalid JSON");
        let deep = "[".repeat(10_000);
        assert_eq!(
            refused(claim(format!("{{\"x\":{deep}").as_bytes())),
            "invalid JSON"
        );
    }

    #[test]
    fn a_field_given_twice_counts_as_given_last_and_unknown_ones_do_not_count() {
        let twice = br#"{"app":1,"app":"a","x":{"port":1},"instance":"i"}"#;
        assert_eq!(
            filter(twice).unwrap(),
            Filter::default().app("a").instance("i")
        );
    }

    #[test]
    fn an_empty_filter_is_one_that_names_nothing() {
        for body in [
            "{}",
            r#"{"app":"","port":0}"#,
            r#"{"service":null,"port":null}"#,
        ] {
            assert!(filter(body.as_bytes()).unwrap().is_empty(), "{body}");
        }
        // It names a name that nobody can have, and does not choose everything.
        assert!(!filter(br#"{"app":" "}"#).unwrap().is_empty());
    }

    #[test]
    fn of_a_batch_the_request_that_is_wrong_is_told() {
        for (body, told) in [
            ("{}", "invalid JSON"),
            (r#"{"requests":{}}"#, "invalid JSON"),
            ("[[]]", "invalid JSON"),
            (r#"{"requests":[["PUT",{}]]}"#, "invalid JSON"),
            (
                r#"{"requests":[{"method":"DELETE","body":{"id":1,"app":"a"}}]}"#,
                "id goes with no filter",
            ),
            (r#"{"requests":[1]}"#, "invalid JSON"),
            (r#"{"requests":[{"method":"PUT"}]}"#, "invalid JSON"),
            (r#"{"requests":[{"method":1,"body":{}}]}"#, "invalid JSON"),
            (
                r#"{"requests":[{"method":"GET","body":{}}]}"#,
                "method must be POST, PUT or DELETE",
            ),
            (
                r#"{"requests":[{"method":"PUT","body":{"app":"a"}}]}"#,
                "app, instance, and service are required",
            ),
        ] {
            assert_eq!(refused(batch(body.as_bytes())), told, "{body}");
        }
        let second = br#"{"requests":[{"method":"DELETE","body":{}},{"method":"POST","body":{}}]}"#;
        let told: Value = serde_json::from_slice(&batch(second).unwrap_err().to_json()).unwrap();
        assert_eq!(told["request"], 1);
        let both = br#"{"requests":[{"method":"GET","body":{}},{"method":"POST","body":{}}]}"#;
        let told: Value = serde_json::from_slice(&batch(both).unwrap_err().to_json()).unwrap();
        assert_eq!(told["error"], "method must be POST, PUT or DELETE");
        let errors = told["errors"].as_array().unwrap();
        let requests: Vec<_> = errors.iter().map(|error| &error["request"]).collect();
        assert_eq!(requests, [0, 1]);
        assert!(batch(br#" {"x":[],"requests":[]}"#).unwrap().is_empty());
        let far = " ".repeat(70_000);
        let far = format!(r#"{{"requests":[{{"method":"DELETE","body":{{{far}}}}}]}}"#);
        assert_eq!(
            refused(batch(far.as_bytes())),
            "the body is larger than 65536 bytes"
        );
    }

    #[test]
    fn a_query_is_decoded_once() {
        let expected = Filter::default()
            .app("a b&c=d%20é")
            .port(port("80").unwrap());
        let text = "app=a+b%26c%3dd%2520%C3%A9&port=80&port=x&unknown&&instance=";
        assert_eq!(query(text).unwrap(), expected);
        assert!(query("").unwrap().is_empty());
        for malformed in [
            "app=%", "app=%4", "app=%zz", "app=%ff", "%=1", "app=%+1", "app=%é",
        ] {
            assert_eq!(refused(query(malformed)), "malformed query", "{malformed}");
        }
        assert_eq!(refused(query("port=x")), "invalid port");
        assert_eq!(refused(query("port=0")), "port must be between 1 and 65535");
    }

    #[test]
    fn ids_and_ports_in_paths_are_whole_numbers() {
        for text in ["", "x", "1.0", "1 ", "0x1", "9223372036854775808"] {
            assert_eq!(refused(id(text)), "invalid id", "{text}");
            assert_eq!(refused(port(text)), "invalid port", "{text}");
        }
        assert_eq!(id("7").unwrap().unwrap().get(), 7);
        for number in ["0", "-1"] {
            assert_eq!(id(number).unwrap(), None);
            assert_eq!(refused(port(number)), "port must be between 1 and 65535");
        }
    }
}
