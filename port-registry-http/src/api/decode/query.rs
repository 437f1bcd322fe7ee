//! Decodes query strings.

use percent_encoding::percent_decode_str;
use port_registry::Filter;

use super::dir::parse_dir;
use super::filter::filter_by_names;
use super::number::parse_port;
use crate::api_error::ApiError;

/// Decodes a filter of allocations to list: `app=&instance=&service=&port=&dir=`. The first one of equal
/// parameters counts.
pub(crate) fn decode_query(query: &str) -> Result<Filter, ApiError> {
    let mut parameters = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.push((percent_decode(name)?, percent_decode(value)?));
    }
    let parameter = |wanted| {
        let found = parameters.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value)
    };
    let mut filter = filter_by_names(
        parameter("app"),
        parameter("instance"),
        parameter("service"),
    );
    match parameter("port") {
        "" => {}
        text => filter = filter.with_port(parse_port(text)?),
    }
    Ok(match parse_dir(parameter("dir"))? {
        Some(dir) => filter.with_dir(dir),
        None => filter,
    })
}

/// Decodes `%` escapes and `+`. Stricter than `percent_decode_str`, which keeps malformed escapes.
fn percent_decode(text: &str) -> Result<String, ApiError> {
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

#[cfg(test)]
mod tests {
    use port_registry::Filter;

    use super::{decode_query, parse_port};

    #[test]
    fn query_is_decoded_once() {
        let expected = Filter::new()
            .with_app("a b&c=d%20é")
            .with_port(parse_port("80").unwrap());
        let text = "app=a+b%26c%3dd%2520%C3%A9&port=80&port=x&unknown&&instance=";
        assert_eq!(decode_query(text).unwrap(), expected);
        assert!(decode_query("").unwrap().is_empty());
        let message = |query| decode_query(query).unwrap_err().to_string();
        for malformed in [
            "app=%", "app=%4", "app=%zz", "app=%ff", "%=1", "app=%+1", "app=%é",
        ] {
            assert_eq!(message(malformed), "malformed query", "{malformed}");
        }
        assert_eq!(message("port=x"), "invalid port");
        assert_eq!(message("dir=shop"), "dir must be an absolute path");
        assert_eq!(message("port=0"), "port must be between 1 and 65535");
    }
}
