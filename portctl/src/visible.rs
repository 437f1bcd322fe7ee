//! Text that comes from data, made fit to be shown.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde::Serialize;

/// The text with what would act on a terminal, or not be seen there, made visible.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::from(text);
    }
    text.chars()
        .map(|c| {
            if is_invisible(c) {
                c.escape_unicode().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// A JSON document, in which the same characters are escaped as JSON has it.
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

/// Whether a character is a control character, turns the direction of writing, or is not seen. The
/// latter two are those of Unicode's general category Cf (`DerivedGeneralCategory.txt`, without the
/// prepended concatenation marks, which are seen) and those that are ignored by default
/// (`Default_Ignorable_Code_Point` in `DerivedCoreProperties.txt`).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::{json, visible};

    #[test]
    fn what_acts_on_a_terminal_is_made_visible() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(
            visible("web\u{202e}bew\u{200b}"),
            "web\\u{202e}bew\\u{200b}"
        );
        assert_eq!(visible("ünïcödé 日本"), "ünïcödé 日本");
    }

    #[test]
    fn json_stays_json_and_says_the_same() {
        let name = "web\u{202e}\u{e0041}\u{7f}";
        let text = json(&name).unwrap();
        assert_eq!(text, r#""web\u202e\udb40\udc41\u007f""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), name);
    }
}
