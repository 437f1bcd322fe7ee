//! Quoting of values, so that all readers of a file read the same text.

use thiserror::Error;

/// The reason why no quoting carries a value through all readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum QuotingError {
    #[error("it has a line break or another control character")]
    Control,
    #[error("some readers of .env files run the command in `$(...)`, even in quotes")]
    Command,
    #[error("readers of .env files disagree on a backslash before another one or at the end")]
    Backslash,
    #[error(
        "it has a `'` beside a `\"`, `$`, backslash or backtick, on which readers of .env files disagree"
    )]
    Quotes,
}

/// Quotes a value for a `.env` file.
///
/// The rule is the result of an experiment, which the tests in `tests/portctl/readers` repeat. The readers are Docker Compose
/// 2.26, Node 20, dotenv 16 and 18, Vite 8, python-dotenv 1.2, Ruby's dotenv 2.4, dotenvy 0.15 and sh. All of them read these
/// literally:
///
/// - letters, digits and `_./:@%+,-` without quotes
/// - text in single quotes, with two exceptions: Compose, python-dotenv and dotenvy fail at a backslash before the closing
///   quote, and python-dotenv reads two backslashes as one
/// - text in double quotes without `"`, `$`, backslashes and backticks
///
/// A `$` is the exception: see [`is_expanded_by_some`].
pub(crate) fn dotenv(value: &str) -> Result<String, QuotingError> {
    if value.chars().any(is_control) {
        return Err(QuotingError::Control);
    }
    if value.contains("$(") {
        return Err(QuotingError::Command);
    }
    if is_plain(value) {
        return Ok(value.to_owned());
    }
    if !value.contains('\'') {
        if value.contains(r"\\") || value.ends_with('\\') {
            return Err(QuotingError::Backslash);
        }
        return Ok(format!("'{value}'"));
    }
    if value.contains(['"', '$', '\\', '`']) {
        return Err(QuotingError::Quotes);
    }
    Ok(format!("\"{value}\""))
}

/// Returns true if some readers change a value in quotes: Vite and dotenv-expand replace `$NAME`, `${NAME}` and `$$`,
/// and python-dotenv replaces `${NAME}`.
pub(crate) fn is_expanded_by_some(value: &str) -> bool {
    value.contains('$')
}

/// Quotes a value for sh and fish alike. Only fish knows escapes in single quotes, so quotes and backslashes are escaped
/// outside of them.
pub(crate) fn shell(value: &str) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for c in value.chars() {
        if ['\'', '\\'].contains(&c) {
            quoted.extend(['\'', '\\', c, '\'']);
        } else {
            quoted.push(c);
        }
    }
    quoted.push('\'');
    quoted
}

fn is_plain(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,-".contains(c);
    !value.is_empty() && value.chars().all(is_plain)
}

/// Some readers end a line at a line separator of Unicode.
fn is_control(c: char) -> bool {
    (c.is_control() && c != '\t') || ['\u{2028}', '\u{2029}'].contains(&c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{QuotingError, dotenv, shell};

    #[test]
    fn values_get_the_quotes_that_all_readers_agree_on() {
        for (value, expected) in [
            ("3000", Ok("3000")),
            (
                "postgres://a:b@localhost:5433/shop",
                Ok("postgres://a:b@localhost:5433/shop"),
            ),
            ("", Ok("''")),
            ("a&b #c", Ok("'a&b #c'")),
            (" a\t", Ok("' a\t'")),
            ("say \"hi\"", Ok("'say \"hi\"'")),
            ("a\\b", Ok("'a\\b'")),
            ("jürgen", Ok("'jürgen'")),
            ("pa$word", Ok("'pa$word'")),
            ("it's", Ok("\"it's\"")),
            ("a\\\\b", Err(QuotingError::Backslash)),
            ("a\\", Err(QuotingError::Backslash)),
            ("it's $x", Err(QuotingError::Quotes)),
            ("it's \"x\"", Err(QuotingError::Quotes)),
            ("$(touch x)", Err(QuotingError::Command)),
            ("a\nb", Err(QuotingError::Control)),
            ("a\u{2028}b", Err(QuotingError::Control)),
            ("a\0b", Err(QuotingError::Control)),
        ] {
            assert_eq!(dotenv(value), expected.map(str::to_owned), "{value:?}");
        }
    }

    #[test]
    fn quotes_and_backslashes_leave_the_quotes_of_a_shell() {
        assert_eq!(shell("3000"), "3000");
        assert_eq!(shell("it's \\"), r"'it'\''s '\\''");
    }

    proptest! {
        #[test]
        fn shell_words_are_split_into_the_value(value in ".*") {
            prop_assert_eq!(shlex::split(&shell(&value)), Some(vec![value]));
        }
    }
}
