//! The marked part of a text that belongs to portctl.

use std::ops::Range;

use thiserror::Error;

/// The lines around the part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    pub(super) begin: &'static str,
    pub(super) end: &'static str,
}

/// The reason why a text cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum MarkError {
    #[error("line {0} has a mark of port-registry without its counterpart")]
    Unpaired(usize),
    #[error("it is not text")]
    NotText,
    #[error("it is not a shell script")]
    NotShell,
}

/// Finds the part with its marks.
pub(super) fn find(text: &[u8], marks: Marks) -> Result<Option<Range<usize>>, MarkError> {
    if text.contains(&0) {
        return Err(MarkError::NotText);
    }
    let mut begun: Option<(usize, usize)> = None;
    let mut found = None;
    let mut at = 0;
    for (number, line) in (1..).zip(text.split_inclusive(|&it| it == b'\n')) {
        let start = at;
        at += line.len();
        let line = line.trim_ascii();
        if line == marks.begin.as_bytes() {
            if begun.is_some() || found.is_some() {
                return Err(MarkError::Unpaired(number));
            }
            begun = Some((number, start));
        } else if line == marks.end.as_bytes() {
            let (_, start) = begun.take().ok_or(MarkError::Unpaired(number))?;
            found = Some(start..at);
        }
    }
    match begun {
        Some((number, _)) => Err(MarkError::Unpaired(number)),
        None => Ok(found),
    }
}

/// Replaces a part of a text.
pub(super) fn spliced(text: &[u8], range: Range<usize>, new: &[u8]) -> Vec<u8> {
    [&text[..range.start], new, &text[range.end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::{MarkError, Marks, find};

    const MARKS: Marks = Marks {
        begin: "# >",
        end: "# <",
    };

    #[test]
    fn only_a_pair_of_marks_is_a_part() {
        for (text, expected) in [
            ("", Ok(None)),
            ("a\n# >\nb\n# <\nc\n", Ok(Some(2..12))),
            ("# >\r\n# <", Ok(Some(0..8))),
            ("# >\n", Err(MarkError::Unpaired(1))),
            ("a\n# <\n# >\n", Err(MarkError::Unpaired(2))),
            ("# >\n# >\n# <\n", Err(MarkError::Unpaired(2))),
            ("# >\n# <\n# >\n# <\n", Err(MarkError::Unpaired(3))),
            ("a\0", Err(MarkError::NotText)),
        ] {
            assert_eq!(find(text.as_bytes(), MARKS), expected, "{text:?}");
        }
    }
}
