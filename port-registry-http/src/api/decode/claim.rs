//! Decodes claims.

use port_registry::{CheckoutName, Claim, ListenerPolicy, NameFault, ServiceKey};

use super::dir::parse_dir;
use super::fields::{ErrorTexts, JsonFields};
use super::number::{to_optional_port, to_wished_port};
use crate::api_error::ApiError;

/// Decodes a claim:
/// `{"app","instance","service","port"?,"prefer"?,"avoid"?,"dir"?,"created_at"?,"label_origin"?,"marked_instance"?,
/// "checkout_name"?,"adopt"?}`.
pub(crate) fn decode_claim(body: &[u8]) -> Result<Claim, ApiError> {
    read_claim(&JsonFields::parse(body, ErrorTexts::Go)?)
}

pub(super) fn read_claim(fields: &JsonFields) -> Result<Claim, ApiError> {
    let (app, instance) = (fields.text("app")?, fields.text("instance")?);
    let (service, port) = (fields.text("service")?, fields.number("port")?);
    let (prefer, avoid) = (fields.number("prefer")?, fields.numbers("avoid")?);
    let (dir, adopt) = (fields.text("dir")?, fields.flag("adopt")?);
    let created_at = fields.text("created_at")?;
    let (label_origin, marked) = (
        fields.text("label_origin")?,
        fields.text("marked_instance")?,
    );

    let checkout_name = fields.object("checkout_name")?;
    let checkout_name = match &checkout_name {
        Some(name) => Some((name.text("app")?, name.text("instance")?)),
        None => None,
    };

    let key = ServiceKey::new(app, instance, service).map_err(|error| match error.fault() {
        NameFault::Empty => ApiError::bad_request("app, instance, and service are required"),
        _ => ApiError::bad_request(error.to_string()),
    })?;
    let mut claim = Claim::new(key);
    if let Some(port) = to_optional_port(port)? {
        claim = claim.with_port(port);
    }
    if let Some(port) = to_wished_port("prefer", prefer)? {
        claim = claim.with_prefer(port);
    }
    let mut avoided = Vec::with_capacity(avoid.len());
    for number in avoid {
        avoided.extend(to_wished_port("avoid", number)?);
    }
    claim = claim.with_avoided_ports(avoided);
    if let Some(dir) = parse_dir(dir)? {
        let recorded = claim.with_dir(dir);
        claim = recorded.map_err(|error| ApiError::bad_request(error.to_string()))?;
    }
    if !created_at.is_empty() {
        let time = created_at.parse();
        claim = claim.with_created_at(
            time.map_err(|error| ApiError::bad_request(format!("created_at: {error}")))?,
        );
    }
    if !label_origin.is_empty() {
        let origin = label_origin.parse();
        claim = claim.with_label_origin(
            origin.map_err(|error| ApiError::bad_request(format!("label_origin {error}")))?,
        );
    }
    if !marked.is_empty() {
        let marked = claim.with_marked_instance(marked);
        claim =
            marked.map_err(|error| ApiError::bad_request(format!("marked_instance: {error}")))?;
    }
    if let Some((app, instance)) = checkout_name {
        let name = CheckoutName::new(app, instance);
        claim = claim.with_checkout_name(
            name.map_err(|error| ApiError::bad_request(format!("checkout_name: {error}")))?,
        );
    }
    Ok(if adopt {
        claim.with_listener_policy(ListenerPolicy::Adopt)
    } else {
        claim
    })
}

#[cfg(test)]
mod tests {
    use port_registry::Port;
    use serde_json::Value;

    use super::decode_claim;

    fn message(body: &[u8]) -> String {
        decode_claim(body).unwrap_err().to_string()
    }

    #[test]
    fn json_is_checked_before_names_and_names_before_the_port() {
        let all_wrong = br#"{"app":"","port":"x"}"#;
        assert_eq!(message(all_wrong), "invalid JSON");
        let names_wrong = br#"{"app":"a","instance":" ","service":"s","port":-1,"dir":"x"}"#;
        assert_eq!(
            message(names_wrong),
            "app, instance, and service are required"
        );
        let port_wrong = br#"{"app":"a","instance":"i","service":"s","port":-1,"dir":"x"}"#;
        assert_eq!(message(port_wrong), "port must be between 1 and 65535");
        let prefer_wrong =
            br#"{"app":"a","instance":"i","service":"s","prefer":65536,"avoid":[-1]}"#;
        assert_eq!(
            message(prefer_wrong),
            "prefer: port must be between 1 and 65535"
        );
        let avoid_wrong = br#"{"app":"a","instance":"i","service":"s","avoid":[1,0,-1],"dir":"x"}"#;
        assert_eq!(
            message(avoid_wrong),
            "avoid: port must be between 1 and 65535"
        );
        let dir_wrong = br#"{"app":"a","instance":"i","service":"s","dir":"x"}"#;
        assert_eq!(message(dir_wrong), "dir must be an absolute path");
        let origin_wrong = br#"{"app":"a","instance":"i","service":"s","label_origin":"tag"}"#;
        assert_eq!(
            message(origin_wrong),
            "label_origin must be branch, worktree, detached, folder, typed or api"
        );
        let mark_wrong = br#"{"app":"a","instance":"i","service":"s","marked_instance":"\u0001"}"#;
        assert_eq!(
            message(mark_wrong),
            "marked_instance: the instance name must hold no control characters"
        );
        let checkout_wrong =
            br#"{"app":"a","instance":"i","service":"s","checkout_name":{"app":"a"}}"#;
        assert_eq!(
            message(checkout_wrong),
            "checkout_name: the instance name must not be empty"
        );
        let time_wrong =
            br#"{"app":"a","instance":"i","service":"s","created_at":"2026-11-24 12:00:00"}"#;
        assert_eq!(
            message(time_wrong),
            "created_at: a time is written like 2026-11-23T14:18:00Z"
        );
    }

    #[test]
    fn wishes_that_are_null_or_0_are_none() {
        let claim = |wishes: &str| {
            let names = r#""app":"a","instance":"i","service":"s""#;
            decode_claim(format!("{{{names},{wishes}}}").as_bytes()).unwrap()
        };
        for wishes in [
            r#""prefer":null,"avoid":null"#,
            r#""prefer":0,"avoid":[]"#,
            r#""avoid":[0,null]"#,
        ] {
            let claim = claim(wishes);
            assert_eq!(claim.prefer(), None, "{wishes}");
            assert!(claim.avoided_ports().is_empty(), "{wishes}");
        }
        let claim = claim(r#""port":80,"prefer":81,"avoid":[9,7,9]"#);
        let numbers = claim.port().into_iter().chain(claim.prefer());
        let numbers = numbers.chain(claim.avoided_ports().iter().copied());
        assert!(numbers.map(Port::get).eq([80, 81, 7, 9]));
    }

    /// Returns the message and the detail of the error.
    fn error(body: &[u8]) -> (String, Option<String>) {
        let error = decode_claim(body).unwrap_err().to_json();
        let mut error: Value = serde_json::from_slice(&error).unwrap();
        let mut take = |field: &str| error[field].take().as_str().map(str::to_owned);
        (take("error").unwrap(), take("detail"))
    }

    #[test]
    fn wrong_types_are_named_beside_the_text_of_the_go_server_or_in_place_of_it() {
        let deep = format!("{{\"x\":{}", "[".repeat(10_000));
        for (body, detail) in [
            ("", "the body is empty"),
            (" \n", "the body is empty"),
            ("null", "the body must be an object, not null"),
            ("[]", "the body must be an object, not an array"),
            ("1", "the body must be an object, not 1"),
            ("\"x\"", "the body must be an object, not a string"),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("{}x", "trailing characters at line 1 column 3"),
            ("{\"app\":1}", "app must be a string, not 1"),
            (
                "{\"service\":{}}",
                "service must be a string, not an object",
            ),
            ("{\"port\":1.5}", "port must be a whole number, not 1.5"),
            (
                "{\"port\":3000.0}",
                "port must be a whole number, not 3000.0",
            ),
            ("{\"port\":1e3}", "port must be a whole number, not 1000.0"),
            (
                "{\"port\":\"1\"}",
                "port must be a whole number, not a string",
            ),
            ("{\"port\":true}", "port must be a whole number, not true"),
            (
                "{\"port\":9223372036854775808}",
                "port is too large a number",
            ),
            (
                "{\"port\":1e400}",
                "number out of range at line 1 column 13",
            ),
            (
                "{\"app\":\"\\ud800\"}",
                "unexpected end of hex escape at line 1 column 15",
            ),
            ("\u{feff}{}", "expected value at line 1 column 1"),
            (&deep, "recursion limit exceeded at line 1 column 132"),
        ] {
            let (text, found) = error(body.as_bytes());
            assert_eq!(text, "invalid JSON", "{body:.40}");
            assert_eq!(found.as_deref(), Some(detail), "{body:.40}");
        }
        assert_eq!(error(b"{\"app\":\"\xff\"}").0, "invalid JSON");
        for (body, text) in [
            ("{\"adopt\":1}", "adopt must be true or false, not 1"),
            (
                "{\"prefer\":\"1\"}",
                "prefer must be a whole number, not a string",
            ),
            ("{\"avoid\":1}", "avoid must be an array, not 1"),
            (
                "{\"avoid\":[1,\"1\"]}",
                "avoid[1] must be a whole number, not a string",
            ),
            (
                "{\"avoid\":[1.5]}",
                "avoid[0] must be a whole number, not 1.5",
            ),
            ("{\"dir\":[]}", "dir must be a string, not an array"),
            (
                "{\"checkout_name\":\"a/i\"}",
                "checkout_name must be an object, not a string",
            ),
            (
                "{\"checkout_name\":{\"app\":1}}",
                "checkout_name.app must be a string, not 1",
            ),
        ] {
            assert_eq!(error(body.as_bytes()), (text.to_owned(), None), "{body}");
        }
    }
}
