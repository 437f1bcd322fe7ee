//! Escaping text from data before it is shown.

use std::borrow::Cow;

/// Escapes the characters of a text that would control a terminal or be invisible there. Names, paths and names of
/// processes may contain such characters.
///
/// ```
/// use port_registry::daemon::visible;
///
/// assert_eq!(visible("web"), "web");
/// assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
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

/// Tests if a character is a control character, changes the direction of writing, or is invisible.
///
/// Apart from control characters, these are Unicode's general category Cf (`DerivedGeneralCategory.txt`) without the
/// prepended concatenation marks, which are visible, and the `Default_Ignorable_Code_Point`s
/// (`DerivedCoreProperties.txt`).
pub fn is_invisible(c: char) -> bool {
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
    use super::visible;

    #[test]
    fn characters_that_control_a_terminal_are_escaped() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(
            visible("web\u{202e}bew\u{200b}"),
            "web\\u{202e}bew\\u{200b}"
        );
        assert_eq!(visible("ünïcödé 日本"), "ünïcödé 日本");
    }
}
