//! Text that comes from data, made fit to be shown.

use std::borrow::Cow;

/// The text with what would act on a terminal, or not be seen there, made visible. Names may hold such
/// characters, all but control characters, and so may paths and names of processes.
///
/// ```
/// use port_registry::visible;
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

/// Whether a character is a control character, turns the direction of writing, or is not seen. The
/// latter two are those of Unicode's general category Cf (`DerivedGeneralCategory.txt`, without the
/// prepended concatenation marks, which are seen) and those that are ignored by default
/// (`Default_Ignorable_Code_Point` in `DerivedCoreProperties.txt`).
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
    fn what_acts_on_a_terminal_is_made_visible() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(
            visible("web\u{202e}bew\u{200b}"),
            "web\\u{202e}bew\\u{200b}"
        );
        assert_eq!(visible("ünïcödé 日本"), "ünïcödé 日本");
    }
}
