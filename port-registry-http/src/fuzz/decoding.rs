//! Fuzzing of the request decoder.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use port_registry::{AllocationId, Filter};
use serde_json::{Map, Value};

use crate::api::decode::{
    decode_batch, decode_claim, decode_filter, decode_move, decode_query, parse_id, parse_port,
};

/// Decodes a body. A claim, move or filter survives encoding and decoding again.
pub fn body(data: &[u8]) {
    let is_object = serde_json::from_slice::<Map<String, Value>>(data).is_ok();
    if let Ok(claim) = decode_claim(data) {
        assert!(is_object);
        // Encode it as portctl does.
        let sent = serde_json::to_value(&claim).expect("a claim is JSON");
        check_claim(&sent);
        let again = decode_claim(sent.to_string().as_bytes());
        let again = again.expect("an encoded claim can be decoded");
        assert_eq!(format!("{claim:?}"), format!("{again:?}"));
    }
    let id = AllocationId::new(7).expect("7 is an id");
    if let Ok(wanted) = decode_move(id, data) {
        assert!(is_object);
        let sent = serde_json::to_vec(&wanted).expect("a move is JSON");
        let again = decode_move(id, &sent);
        assert_eq!(again.expect("an encoded move can be decoded"), wanted);
    }
    if let Ok(filter) = decode_filter(data) {
        assert!(is_object);
        if has_blank_name(&filter) {
            return;
        }
        let sent = serde_json::to_vec(&filter).expect("a filter is JSON");
        assert_eq!(
            decode_filter(&sent).expect("an encoded filter can be decoded"),
            filter
        );
    }
    if decode_batch(data).is_ok() {
        assert!(is_object);
    }
}

/// Tests if a name was only white space, which no service has. Such a name is trimmed to an empty
/// one, and an empty name is ignored when the filter is decoded again.
fn has_blank_name(filter: &Filter) -> bool {
    let names = [filter.app(), filter.instance(), filter.service()];
    names.into_iter().flatten().any(str::is_empty)
}

fn check_claim(claim: &Value) {
    for field in ["app", "instance", "service"] {
        let name = claim[field].as_str().expect("a name is text");
        let is_name = !name.is_empty()
            && name.len() <= port_registry::MAX_NAME_LEN
            && name.trim() == name
            && !name.contains(char::is_control);
        assert!(is_name, "{name:?}");
    }
    if let Some(dir) = claim["dir"].as_str() {
        assert!(
            Path::new(dir).is_absolute() && !dir.contains('\0'),
            "{dir:?}"
        );
    }
}

/// Decodes a query string. The filter survives encoding and decoding again.
pub fn query(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let filter = match decode_query(text) {
        Ok(filter) if !has_blank_name(&filter) => filter,
        _ => return,
    };
    let port = filter.port().map(|port| port.to_string());
    let parameters = [
        ("app", filter.app()),
        ("instance", filter.instance()),
        ("service", filter.service()),
        ("port", port.as_deref()),
    ];
    let parameters = parameters.map(|(name, value)| {
        let value = value.unwrap_or_default();
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    });
    let again = decode_query(&parameters.join("&")).expect("an encoded filter can be decoded");
    assert_eq!(again, filter);
}

/// Parses a part of a path as a port and as an id. Only numbers in their ranges are accepted.
pub fn path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let number = text.parse::<i64>().ok();
    match parse_port(text) {
        Ok(port) => assert_eq!(Some(i64::from(port.get())), number),
        Err(_) => assert!(number.is_none_or(|number| !(1..=65535).contains(&number))),
    }
    match parse_id(text) {
        Ok(Some(id)) => assert_eq!(Some(id.get()), number.and_then(|it| it.try_into().ok())),
        Ok(None) => assert!(number.is_some_and(|number| number < 1)),
        Err(_) => assert!(number.is_none()),
    }
}
