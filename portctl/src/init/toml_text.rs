//! Parts of TOML.

use std::fmt::Write as _;

use crate::output::visible;

/// The column of comments behind entries.
const COLUMN: usize = 32;

/// The most characters of a comment. A path can be longer.
const MAX_COMMENT: usize = 300;

/// Adds a comment behind an entry.
pub(super) fn beside(entry: &str, comment: &str) -> String {
    let comment: String = visible(comment).chars().take(MAX_COMMENT).collect();
    let width = COLUMN.max(entry.chars().count() + 2);
    format!("{entry:<width$}# {comment}")
}

/// Returns a key as it is, or between quotes if it needs them.
pub(super) fn key(name: &str) -> String {
    let is_bare = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Returns a text between quotes. Characters that are invisible are escaped, because the file is shown.
pub(super) fn quoted(text: &str) -> String {
    let mut escaped = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            other if visible(other.encode_utf8(&mut [0; 4])) != other.to_string() => {
                let _ = write!(escaped, "\\U{:08X}", u32::from(other));
            }
            other => escaped.push(other),
        }
    }
    escaped.push('"');
    escaped
}
