//! The marked part of a text that belongs to portctl.

use std::ops::Range;

use thiserror::Error;

const BOM: char = '\u{feff}';

/// The lines around the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) begin: &'static str,
    pub(crate) end: &'static str,
}

/// Marks of shell scripts and env files.
pub(crate) const COMMENT_MARKS: Marks = Marks {
    begin: "# >>> port-registry >>>",
    end: "# <<< port-registry <<<",
};

/// One of the marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Begin,
    End,
}

/// The reason why the part of a text is not clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum MarkError {
    #[error("line {0} opens the block `{begin}`, but no `{end}` follows", begin = .1.begin, end = .1.end)]
    Unclosed(usize, Marks),
    #[error("line {0} is a `{end}` without a `{begin}` before it", begin = .1.begin, end = .1.end)]
    Unopened(usize, Marks),
    #[error("line {0} opens a second block `{begin}`", begin = .1.begin)]
    Second(usize, Marks),
    #[error("it is not text")]
    NotText,
}

impl Marks {
    /// Returns the mark that a line is.
    pub(crate) fn mark(self, line: &str) -> Option<Mark> {
        // Some editors write a byte order mark at the start of a file.
        let line = line.trim_start_matches(BOM).trim_end();
        if line == self.begin {
            Some(Mark::Begin)
        } else if line == self.end {
            Some(Mark::End)
        } else {
            None
        }
    }

    /// Finds the part, with its marks.
    pub(crate) fn find(self, text: &[u8]) -> Result<Option<Range<usize>>, MarkError> {
        // UTF-16 has null characters, for example.
        if text.contains(&0) {
            return Err(MarkError::NotText);
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
            match (self.mark(line), begun) {
                (None, _) => {}
                (Some(Mark::Begin), None) if found.is_none() => {
                    let unmarked = line.trim_start_matches(BOM);
                    begun = Some((number, start + line.len() - unmarked.len()));
                }
                (Some(Mark::Begin), _) => return Err(MarkError::Second(number, self)),
                (Some(Mark::End), Some((_, start))) => {
                    found = Some(start..at);
                    begun = None;
                }
                (Some(Mark::End), None) => return Err(MarkError::Unopened(number, self)),
            }
        }
        match begun {
            Some((number, _)) => Err(MarkError::Unclosed(number, self)),
            None => Ok(found),
        }
    }
}

/// Replaces a part of a text.
pub(crate) fn spliced(text: &[u8], range: Range<usize>, new: &[u8]) -> Vec<u8> {
    [&text[..range.start], new, &text[range.end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::{MarkError, Marks};

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
            ("\u{feff}# >\n# <", Ok(Some(3..10))),
            ("# >\n", Err(MarkError::Unclosed(1, MARKS))),
            ("a\n# <\n# >\n", Err(MarkError::Unopened(2, MARKS))),
            ("# >\n# >\n# <\n", Err(MarkError::Second(2, MARKS))),
            ("# >\n# <\n# >\n# <\n", Err(MarkError::Second(3, MARKS))),
            ("a\0", Err(MarkError::NotText)),
        ] {
            assert_eq!(MARKS.find(text.as_bytes()), expected, "{text:?}");
        }
    }
}
