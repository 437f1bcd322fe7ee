//! The marked block that portctl keeps in a file of the user.

use std::ops::Range;

use thiserror::Error;

const BEGIN: &str = "# >>> port-registry >>>";
const END: &str = "# <<< port-registry <<<";
const BOM: char = '\u{feff}';
const NOTICE: &str = "# Written by `portctl env --write`. Changes in this block are lost.";

/// The reason why the block cannot be written into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BlockError {
    #[error("line {0} opens the block `{BEGIN}`, but no `{END}` follows")]
    Unclosed(usize),
    #[error("line {0} is a `{END}` without a `{BEGIN}` before it")]
    Unopened(usize),
    #[error("line {0} opens a second block `{BEGIN}`")]
    Second(usize),
    #[error("it is not text")]
    NotText,
}

/// Replaces the lines in the block, or appends a block to a text that has none. All other bytes stay as they are.
pub(crate) fn put(text: &[u8], lines: &[String]) -> Result<Vec<u8>, BlockError> {
    let place = find(text)?;
    let line_end = line_end(text, &place);
    let mut written = Vec::with_capacity(text.len() + 256);
    written.extend(&text[..place.start]);
    if place.is_empty() && !written.is_empty() && !written.ends_with(b"\n") {
        written.extend(line_end);
    }
    let marked = [BEGIN, NOTICE].into_iter();
    let marked = marked.chain(lines.iter().map(String::as_str)).chain([END]);
    for line in marked {
        written.extend(line.as_bytes());
        written.extend(line_end);
    }
    written.extend(&text[place.end..]);
    Ok(written)
}

/// Returns true if a line begins or ends the block.
pub(crate) fn mark(line: &str) -> Option<Mark> {
    // Some editors write a byte order mark at the start of a file.
    match line.trim_start_matches(BOM).trim_end() {
        BEGIN => Some(Mark::Begin),
        END => Some(Mark::End),
        _ => None,
    }
}

/// A mark of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Begin,
    End,
}

/// Finds the block with its marks, or the place for it.
fn find(text: &[u8]) -> Result<Range<usize>, BlockError> {
    // UTF-16 has null characters, for example.
    if text.contains(&0) {
        return Err(BlockError::NotText);
    }
    let mut begun: Option<(usize, usize)> = None;
    let mut found = None;
    let mut at = 0;
    for (number, line) in (1..).zip(text.split_inclusive(|&it| it == b'\n')) {
        let start = at;
        at += line.len();
        let Some(line) = str::from_utf8(line).ok() else {
            continue;
        };
        match (mark(line), begun) {
            (None, _) => {}
            (Some(Mark::Begin), None) if found.is_none() => {
                let unmarked = line.trim_start_matches(BOM);
                begun = Some((number, start + line.len() - unmarked.len()));
            }
            (Some(Mark::Begin), _) => return Err(BlockError::Second(number)),
            (Some(Mark::End), Some((_, start))) => {
                found = Some(start..at);
                begun = None;
            }
            (Some(Mark::End), None) => return Err(BlockError::Unopened(number)),
        }
    }
    match begun {
        Some((number, _)) => Err(BlockError::Unclosed(number)),
        None => Ok(found.unwrap_or(text.len()..text.len())),
    }
}

/// The line ending of the block, or else of the text, judged by its first line.
fn line_end(text: &[u8], place: &Range<usize>) -> &'static [u8] {
    let block = &text[place.clone()];
    let text = if block.is_empty() { text } else { block };
    let first = text.split_inclusive(|&it| it == b'\n').next();
    if first.is_some_and(|line| line.ends_with(b"\r\n")) {
        b"\r\n"
    } else {
        b"\n"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BEGIN, BlockError, END, NOTICE, put};

    fn put_text(text: &str, lines: &[&str]) -> String {
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        String::from_utf8(put(text.as_bytes(), &lines).unwrap()).unwrap()
    }

    fn block(lines: &str) -> String {
        format!("{BEGIN}\n{NOTICE}\n{lines}{END}\n")
    }

    #[test]
    fn block_is_appended_to_a_text_without_one() {
        assert_eq!(put_text("", &["A=1"]), block("A=1\n"));
        assert_eq!(put_text("X=1\n", &[]), format!("X=1\n{}", block("")));
        let unended = put_text("X=1", &["A=1"]);
        assert_eq!(unended, format!("X=1\n{}", block("A=1\n")));
    }

    #[test]
    fn block_is_replaced_in_place() {
        let text = format!("X=1\n{}Y=2", block("A=1\nB=2\n"));
        let replaced = put_text(&text, &["A=3"]);
        assert_eq!(replaced, format!("X=1\n{}Y=2", block("A=3\n")));
    }

    #[test]
    fn byte_order_mark_before_the_block_is_kept() {
        let text = format!("\u{feff}{}", block("A=1\n"));
        assert_eq!(
            put_text(&text, &["A=2"]),
            format!("\u{feff}{}", block("A=2\n"))
        );
    }

    #[test]
    fn lines_of_the_block_end_like_the_first_line() {
        let text = put_text("X=1\r\n", &["A=1"]);
        let expected = format!("X=1\r\n{}", block("A=1\n").replace('\n', "\r\n"));
        assert_eq!(text, expected);
        assert_eq!(put_text(&text, &["A=1"]), text);
    }

    #[test]
    fn incomplete_block_is_an_error() {
        let put = |text: String| put(text.as_bytes(), &[]).unwrap_err();
        assert_eq!(put(format!("X\n{BEGIN}\nA=1\n")), BlockError::Unclosed(2));
        assert_eq!(put(format!("{END}\n")), BlockError::Unopened(1));
        assert_eq!(put(format!("{BEGIN}\n{BEGIN}\n")), BlockError::Second(2));
        assert_eq!(put(format!("{0}{0}", block(""))), BlockError::Second(4));
        assert_eq!(put("\u{0}X".to_owned()), BlockError::NotText);
    }

    proptest! {
        /// Also if the file is not UTF-8.
        #[test]
        fn bytes_outside_the_block_are_kept(
            before in proptest::collection::vec(1..=255u8, 0..40),
            behind in proptest::collection::vec(1..=255u8, 0..40),
        ) {
            let first = put(&before, &["A=1".to_owned()]).unwrap();
            prop_assert!(first.starts_with(&before));
            let text = [first, behind.clone()].concat();
            let second = put(&text, &["A=2".to_owned(), "B=3".to_owned()]).unwrap();
            prop_assert!(second.starts_with(&before) && second.ends_with(&behind));
            prop_assert_eq!(&put(&second, &["A=2".to_owned(), "B=3".to_owned()]).unwrap(), &second);
            prop_assert_eq!(put(&second, &["A=1".to_owned()]).unwrap(), text);
        }
    }
}
