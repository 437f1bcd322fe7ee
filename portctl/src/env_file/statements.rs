//! The statements of an env file, as bytes: the file need not be UTF-8.

use std::ops::Range;

const BOM: &[u8] = "\u{feff}".as_bytes();

/// Whole lines of a file that belong together: one line, or all lines of a quoted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// The number of the first line, counted from 1.
    pub(super) line: usize,
    /// The lines with their line breaks, without a byte order mark.
    pub(super) range: Range<usize>,
    pub(super) kind: StatementKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StatementKind {
    /// A comment or an empty line.
    Comment,
    /// An assignment, with the ranges of its name and of its value, which includes quotes but no comment.
    Assignment(Range<usize>, Range<usize>),
    /// Anything else, such as a line of a shell script. The range is without a comment.
    Other(Range<usize>),
}

/// The length of the byte order mark, which some editors write at the start of a file.
pub(super) fn bom_len(text: &[u8]) -> usize {
    if text.starts_with(BOM) { BOM.len() } else { 0 }
}

/// Splits a text into statements.
///
/// A value in quotes ends with its closing quote, on whichever line that is. Without one, its line is a statement.
pub(super) fn statements(text: &[u8]) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut at = bom_len(text);
    let mut line = 1;
    while at < text.len() {
        let (kind, end) = statement_at(text, at);
        statements.push(Statement {
            line,
            range: at..end,
            kind,
        });
        line += count_lines(&text[at..end]);
        at = end;
    }
    statements
}

pub(super) fn count_lines(text: &[u8]) -> usize {
    text.split(|&it| it == b'\n').count() - 1
}

/// Returns the statement at the start of a line, and its end.
fn statement_at(text: &[u8], start: usize) -> (StatementKind, usize) {
    let first = skip_blanks(text, start);
    if matches!(text.get(first), None | Some(b'#' | b'\n' | b'\r')) {
        return (StatementKind::Comment, line_end(text, first));
    }
    let Some((name, value)) = name_at(text, first) else {
        let uncommented = first..comment_start(text, first);
        return (StatementKind::Other(uncommented), line_end(text, first));
    };
    let value = skip_blanks(text, value);
    let behind = closing_quote(text, value).map_or(value, |closing| closing + 1);
    let value = value..comment_start(text, behind);
    (
        StatementKind::Assignment(name, value),
        line_end(text, behind),
    )
}

/// Returns the range of the name that a line assigns to, and the offset behind the `=`. A `:` assigns for Compose, and
/// for the dotenv of npm and of Ruby, and only python-dotenv knows names in quotes.
fn name_at(text: &[u8], start: usize) -> Option<(Range<usize>, usize)> {
    let mut at = start;
    if text[at..].starts_with(b"export") && skip_blanks(text, at + 6) > at + 6 {
        at = skip_blanks(text, at + 6);
    }
    let quote = text.get(at).copied().filter(|it| b"'\"".contains(it));
    at += usize::from(quote.is_some());
    let is_name = |it: &u8| it.is_ascii_alphanumeric() || b"_.-".contains(it);
    let len = text[at..].iter().take_while(|it| is_name(it)).count();
    let name = at..at + len;
    at = name.end;
    if quote.is_some() && text.get(at).copied() != quote {
        return None;
    }
    at = skip_blanks(text, at + usize::from(quote.is_some()));
    let assigns = match text.get(at)? {
        b'=' => true,
        b':' => skip_blanks(text, at + 1) > at + 1,
        _ => false,
    };
    (assigns && !name.is_empty()).then_some((name, at + 1))
}

/// Returns the offset of the quote that closes the one at this offset. Returns `None` if one of the two is missing.
fn closing_quote(text: &[u8], start: usize) -> Option<usize> {
    let quote = *text.get(start).filter(|it| b"'\"`".contains(it))?;
    let mut at = start + 1;
    loop {
        match *text.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
}

/// Returns the offset of the comment that ends a line, or the end of its text.
fn comment_start(text: &[u8], start: usize) -> usize {
    let end = line_end(text, start);
    let line = &text[start..end];
    let comment = (0..line.len()).find(|&at| {
        let is_apart = at == 0 || b" \t".contains(&line[at - 1]);
        line[at] == b'#' && is_apart
    });
    let text = &line[..comment.unwrap_or(line.len())];
    start + text.trim_ascii_end().len()
}

fn skip_blanks(text: &[u8], start: usize) -> usize {
    let blanks = text[start..].iter().take_while(|it| b" \t".contains(it));
    start + blanks.count()
}

/// Returns the offset behind the line break that ends this line.
fn line_end(text: &[u8], start: usize) -> usize {
    let line = text[start..].iter().position(|&it| it == b'\n');
    line.map_or(text.len(), |length| start + length + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{StatementKind, bom_len, statements};

    /// The line, name and value of each assignment.
    fn assignments(text: &str) -> Vec<(usize, &str, &str)> {
        let all = statements(text.as_bytes()).into_iter();
        all.filter_map(|it| match it.kind {
            StatementKind::Assignment(name, value) => Some((it.line, &text[name], &text[value])),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn assignments_are_found_in_all_their_forms() {
        for (text, name, value) in [
            ("A=1", "A", "1"),
            ("\u{feff}A=1\r\n", "A", "1"),
            (" \texport \tA = 1 # c", "A", "1"),
            ("A=a#b", "A", "a#b"),
            ("A=#b", "A", ""),
            ("A= ", "A", ""),
            ("A: 1", "A", "1"),
            ("'A'=1", "A", "1"),
            ("\"A\" = 1", "A", "1"),
            ("A='x # y' # z", "A", "'x # y'"),
            ("A=\"x\\\" # y\" # z", "A", "\"x\\\" # y\""),
            ("A=\"open", "A", "\"open"),
            ("export=1", "export", "1"),
            ("A='x'$B", "A", "'x'$B"),
        ] {
            assert_eq!(assignments(text), [(1, name, value)], "{text:?}");
        }
        for text in [
            "# A=1",
            " #A=1",
            "A",
            "A:1",
            "=1",
            "'A=1",
            "if [ $A = 1 ]; then",
            "export A",
            "",
        ] {
            assert_eq!(assignments(text), [], "{text:?}");
        }
    }

    #[test]
    fn quoted_values_span_lines() {
        let text = "A='x\n# y\nB=2'\nC=`a\nb` # c\nD=\"e\\\"\nF=1\"\nG=3";
        assert_eq!(
            assignments(text),
            [
                (1, "A", "'x\n# y\nB=2'"),
                (4, "C", "`a\nb`"),
                (6, "D", "\"e\\\"\nF=1\""),
                (8, "G", "3"),
            ]
        );
    }

    proptest! {
        #[test]
        fn statements_cover_the_text_without_gaps(
            text in proptest::collection::vec(
                prop_oneof![any::<u8>(), proptest::sample::select(&b"A=:'\"`\\\n\r #$"[..])], 0..60,
            ),
        ) {
            let mut at = bom_len(&text);
            for statement in statements(&text) {
                prop_assert_eq!(statement.range.start, at);
                prop_assert!(statement.range.end > at);
                at = statement.range.end;
                prop_assert!(at == text.len() || text[at - 1] == b'\n');
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
