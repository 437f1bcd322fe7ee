//! A marked block of lines in a text that is somebody else's.

use std::ops::Range;

use thiserror::Error;

const BEGIN: &str = "# >>> port-registry >>>";
const END: &str = "# <<< port-registry <<<";
const BOM: char = '\u{feff}';
const REMARK: &str = "# Written by `portctl env --write`. Changes in this block are lost.";

/// Why a text cannot have the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BlockError {
    #[error("line {0} begins the block `{BEGIN}`, and no `{END}` follows")]
    Endless(usize),
    #[error("line {0} has a `{END}` without a `{BEGIN}` before it")]
    Beginless(usize),
    #[error("line {0} begins a second block `{BEGIN}`")]
    Second(usize),
    #[error("it is not text")]
    NoText,
}

/// The text with these lines in its block, and all else byte for byte. A text without a block gets one
/// at its end.
pub(crate) fn put(text: &[u8], lines: &[String]) -> Result<Vec<u8>, BlockError> {
    let place = find(text)?;
    let line_end = line_end(text, &place);
    let mut written = Vec::with_capacity(text.len() + 256);
    written.extend(&text[..place.start]);
    if place.is_empty() && !written.is_empty() && !written.ends_with(b"\n") {
        written.extend(line_end);
    }
    let marked = [BEGIN, REMARK].into_iter();
    let marked = marked.chain(lines.iter().map(String::as_str)).chain([END]);
    for line in marked {
        written.extend(line.as_bytes());
        written.extend(line_end);
    }
    written.extend(&text[place.end..]);
    Ok(written)
}

/// Whether a line begins or ends the block.
pub(crate) fn mark(line: &str) -> Option<Mark> {
    // Some editors begin a file with a byte order mark.
    match line.trim_start_matches(BOM).trim_end() {
        BEGIN => Some(Mark::Begin),
        END => Some(Mark::End),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Begin,
    End,
}

/// Where the block is, its marks included, or where it belongs.
fn find(text: &[u8]) -> Result<Range<usize>, BlockError> {
    // UTF-16 is not, say.
    if text.contains(&0) {
        return Err(BlockError::NoText);
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
            (Some(Mark::End), None) => return Err(BlockError::Beginless(number)),
        }
    }
    match begun {
        Some((number, _)) => Err(BlockError::Endless(number)),
        None => Ok(found.unwrap_or(text.len()..text.len())),
    }
}

/// How the block's lines end, and where there is none, the text's, by the first of them.
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

    use super::{BEGIN, BlockError, END, REMARK, put};

    fn put_text(text: &str, lines: &[&str]) -> String {
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        String::from_utf8(put(text.as_bytes(), &lines).unwrap()).unwrap()
    }

    fn block(lines: &str) -> String {
        format!("{BEGIN}\n{REMARK}\n{lines}{END}\n")
    }

    #[test]
    fn a_text_without_a_block_gets_one_at_its_end() {
        assert_eq!(put_text("", &["A=1"]), block("A=1\n"));
        assert_eq!(put_text("X=1\n", &[]), format!("X=1\n{}", block("")));
        let unended = put_text("X=1", &["A=1"]);
        assert_eq!(unended, format!("X=1\n{}", block("A=1\n")));
    }

    #[test]
    fn a_block_is_replaced_where_it_is() {
        let text = format!("X=1\n{}Y=2", block("A=1\nB=2\n"));
        let replaced = put_text(&text, &["A=3"]);
        assert_eq!(replaced, format!("X=1\n{}Y=2", block("A=3\n")));
    }

    #[test]
    fn a_byte_order_mark_before_the_block_is_kept() {
        let text = format!("\u{feff}{}", block("A=1\n"));
        assert_eq!(
            put_text(&text, &["A=2"]),
            format!("\u{feff}{}", block("A=2\n"))
        );
    }

    #[test]
    fn lines_end_as_the_first_one_does() {
        let text = put_text("X=1\r\n", &["A=1"]);
        let expected = format!("X=1\r\n{}", block("A=1\n").replace('\n', "\r\n"));
        assert_eq!(text, expected);
        assert_eq!(put_text(&text, &["A=1"]), text);
    }

    #[test]
    fn a_block_that_is_not_whole_is_told_and_nothing_is_guessed() {
        let put = |text: String| put(text.as_bytes(), &[]).unwrap_err();
        assert_eq!(put(format!("X\n{BEGIN}\nA=1\n")), BlockError::Endless(2));
        assert_eq!(put(format!("{END}\n")), BlockError::Beginless(1));
        assert_eq!(put(format!("{BEGIN}\n{BEGIN}\n")), BlockError::Second(2));
        assert_eq!(put(format!("{0}{0}", block(""))), BlockError::Second(4));
        assert_eq!(put("\u{0}X".to_owned()), BlockError::NoText);
    }

    proptest! {
        /// Whatever else is in the file, bytes that are no UTF-8 included.
        #[test]
        fn all_else_is_kept_byte_for_byte(
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
