//! Escaping of text that comes from data.

use std::fmt::Write as _;
use std::io;

use port_registry::daemon::is_invisible;
pub(crate) use port_registry::daemon::visible;
use serde::Serialize;

/// Serializes a value, with JSON escapes for the characters that [`visible`] escapes.
pub(crate) fn json(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.contains(is_invisible) {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn escaped_json_has_the_same_value() {
        let name = "web\u{202e}\u{e0041}\u{7f}";
        let text = json(&name).unwrap();
        assert_eq!(text, r#""web\u202e\udb40\udc41\u007f""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), name);
    }
}
