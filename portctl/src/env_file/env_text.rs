//! The text of an env file, in two parts: the block, and all the rest.

use std::ops::Range;

use super::block::{self, BlockError, CheckoutMark};
use super::references::refers_to;
use super::statements::{Statement, StatementKind, bom_len, count_lines, statements};
use crate::marked_text::COMMENT_MARKS;

/// The text of an env file. It need not be UTF-8.
#[derive(Debug)]
pub(crate) struct EnvText {
    /// Everything but the block.
    outside: Vec<u8>,
    block: Option<FoundBlock>,
}

#[derive(Debug)]
struct FoundBlock {
    /// Offset of the block in the rest.
    at: usize,
    text: Vec<u8>,
}

/// A line outside the block that assigns to a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutsideAssignment {
    /// Line number in the file, counted from 1.
    pub(crate) line: usize,
    pub(crate) name: String,
    /// The value, with its quotes.
    pub(crate) value: Vec<u8>,
}

impl EnvText {
    /// Parses a file. Fails if its marks are incomplete, or if the block is in a value.
    pub(crate) fn parse(text: &[u8]) -> Result<EnvText, BlockError> {
        let Some(range) = COMMENT_MARKS.find(text)? else {
            return Ok(EnvText {
                outside: text.to_owned(),
                block: None,
            });
        };
        let outside = [&text[..range.start], &text[range.end..]].concat();
        let at = range.start;
        let is_inside = |it: &Statement| it.range.start < at && at < it.range.end;
        // The line before a block that was the last one may have had no line break.
        if statements(&outside).iter().any(is_inside) {
            return Err(BlockError::OpenQuote);
        }
        Ok(EnvText {
            outside,
            block: Some(FoundBlock {
                at,
                text: text[range].to_owned(),
            }),
        })
    }

    /// Returns the checkout that the block names. Returns `None` without a block, or if an older version wrote it.
    pub(crate) fn checkout(&self) -> Option<CheckoutMark> {
        block::checkout_of(self.block_text())
    }

    /// The text of the block. Returns an empty one without a block.
    fn block_text(&self) -> &[u8] {
        self.block.as_ref().map_or(&[], |it| &it.text)
    }

    /// The variables in the block, with their values as they are written.
    pub(crate) fn block_assignments(&self) -> Vec<(String, String)> {
        let text = self.block_text();
        let all = statements(text).into_iter();
        let all = all.filter_map(|it| match it.kind {
            StatementKind::Assignment(name, value) => {
                Some((lossy(&text[name]), lossy(&text[value])))
            }
            _ => None,
        });
        all.collect()
    }

    /// Returns true if the block is in the format of a shell.
    pub(crate) fn is_shell_block(&self) -> bool {
        let mut lines = self.block_text().split(|&it| it == b'\n');
        lines.any(|it| it.starts_with(b"export "))
    }

    /// The assignments outside the block, in the order of the file.
    pub(crate) fn assignments(&self) -> Vec<OutsideAssignment> {
        let all = statements(&self.outside).into_iter();
        let all = all.filter_map(|it| {
            let StatementKind::Assignment(name, value) = &it.kind else {
                return None;
            };
            Some(OutsideAssignment {
                line: self.line_in_file(&it),
                name: lossy(&self.outside[name.clone()]),
                value: self.outside[value.clone()].to_vec(),
            })
        });
        all.collect()
    }

    /// The assignments to these variables outside the block.
    pub(crate) fn assignments_of(&self, names: &[&str]) -> Vec<OutsideAssignment> {
        let mut assignments = self.assignments();
        assignments.retain(|it| names.contains(&&*it.name));
        assignments
    }

    /// Makes comments of all lines outside the block that assign to these variables.
    pub(crate) fn comment_out(&mut self, names: &[&str]) {
        const COMMENT: &[u8] = b"# ";
        let mut text = self.outside[..bom_len(&self.outside)].to_vec();
        let mut at = self.block.as_ref().map(|it| it.at);
        for statement in statements(&self.outside) {
            let lines = &self.outside[statement.range.clone()];
            if !self.assigns(&statement, names) {
                text.extend(lines);
                continue;
            }
            for line in lines.split_inclusive(|&it| it == b'\n') {
                text.extend(COMMENT);
                text.extend(line);
            }
            let grown = COMMENT.len() * lines.split_inclusive(|&it| it == b'\n').count();
            let is_before = |block: &FoundBlock| statement.range.start < block.at;
            if self.block.as_ref().is_some_and(is_before) {
                at = at.map(|it| it + grown);
            }
        }
        self.outside = text;
        if let (Some(block), Some(at)) = (&mut self.block, at) {
            block.at = at;
        }
    }

    /// The text with a block of these lines, or without a block if there are none. All other bytes stay as they are.
    ///
    /// The block stays where it is, but always before the first line that refers to one of its variables, because readers
    /// go through a file once. Without such a line, a new block is the last one.
    pub(crate) fn with_block(
        &self,
        checkout: &CheckoutMark,
        names: &[&str],
        lines: &[String],
    ) -> Result<Vec<u8>, BlockError> {
        if lines.is_empty() {
            return Ok(self.outside.clone());
        }
        let old = self.block.as_ref().map(|it| it.at);
        let used = self.first_use(names);
        let at = match (old, used) {
            (Some(old), Some(used)) => old.min(used),
            (Some(at), None) | (None, Some(at)) => at,
            (None, None) => self.outside.len(),
        };
        let line_end = self.line_end();
        let (before, behind) = self.outside.split_at(at);
        let mut written = before.to_vec();
        if before.len() > bom_len(before) && !before.ends_with(b"\n") {
            written.extend(line_end.as_bytes());
        }
        let start = written.len();
        written.extend(block::render(checkout, lines, line_end));
        let block = start..written.len();
        written.extend(behind);
        if is_apart(&written, &block) {
            Ok(written)
        } else {
            Err(BlockError::OpenQuote)
        }
    }

    fn assigns(&self, statement: &Statement, names: &[&str]) -> bool {
        let StatementKind::Assignment(name, _) = &statement.kind else {
            return false;
        };
        let name = &self.outside[name.clone()];
        names.iter().any(|it| it.as_bytes() == name)
    }

    fn line_in_file(&self, statement: &Statement) -> usize {
        match &self.block {
            Some(block) if block.at <= statement.range.start => {
                statement.line + count_lines(&block.text)
            }
            _ => statement.line,
        }
    }

    /// The start of the first statement that refers to one of these variables. In a shell's script a backslash joins it
    /// to the lines before it.
    fn first_use(&self, names: &[&str]) -> Option<usize> {
        let mut start = None;
        for statement in statements(&self.outside) {
            let first = *start.get_or_insert(statement.range.start);
            let used = match statement.kind {
                StatementKind::Comment => None,
                StatementKind::Assignment(_, range) | StatementKind::Other(range) => Some(range),
            };
            if used.is_some_and(|it| refers_to(&self.outside[it], names)) {
                return Some(first);
            }
            let line = self.outside[statement.range].trim_ascii_end();
            if !line.ends_with(b"\\") {
                start = None;
            }
        }
        None
    }

    /// The line break of the block, or else of the first line.
    fn line_end(&self) -> &'static str {
        let text = self.block.as_ref().map_or(&self.outside, |it| &it.text);
        let first = text.split_inclusive(|&it| it == b'\n').next();
        if first.is_some_and(|line| line.ends_with(b"\r\n")) {
            "\r\n"
        } else {
            "\n"
        }
    }
}

/// Returns true if the block begins and ends between statements.
fn is_apart(text: &[u8], block: &Range<usize>) -> bool {
    let crosses = |it: &Statement| {
        [block.start, block.end]
            .into_iter()
            .any(|at| it.range.start < at && at < it.range.end)
    };
    !statements(text).iter().any(crosses)
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::{BlockError, COMMENT_MARKS, CheckoutMark, EnvText};
    use crate::marked_text::MarkError;

    const BEGIN: &str = "# >>> port-registry >>>\n";
    const END: &str = "# <<< port-registry <<<\n";

    fn mark() -> CheckoutMark {
        CheckoutMark::of(Path::new("/shop"))
    }

    fn try_put(text: &[u8], lines: &[&str]) -> Result<Vec<u8>, BlockError> {
        let names = lines.iter().map(|it| it.split_once('=').unwrap().0);
        let names: Vec<&str> = names.collect();
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        EnvText::parse(text)?.with_block(&mark(), &names, &lines)
    }

    fn put(text: &str, lines: &[&str]) -> String {
        String::from_utf8(try_put(text.as_bytes(), lines).unwrap()).unwrap()
    }

    fn block(lines: &str) -> String {
        format!(
            "{BEGIN}# Written by portctl. Changes in this block are lost.\n\
             # Checkout: /shop\n{lines}{END}"
        )
    }

    #[test]
    fn new_block_comes_before_the_first_line_that_uses_it() {
        let a = block("A=1\n");
        for (text, expected) in [
            ("", a.clone()),
            ("X=1\n", format!("X=1\n{a}")),
            ("X=1", format!("X=1\n{a}")),
            ("X=1\nY=$A\nZ=$A\n", format!("X=1\n{a}Y=$A\nZ=$A\n")),
            ("Y=${A}", format!("{a}Y=${{A}}")),
            ("\u{feff}Y=$A\n", format!("\u{feff}{a}Y=$A\n")),
            ("\u{feff}", format!("\u{feff}{a}")),
            (
                "# $A\nY=1 # $A\nZ=$AB\n",
                format!("# $A\nY=1 # $A\nZ=$AB\n{a}"),
            ),
            ("X='\n$A\n'\nY=$A\n", format!("{a}X='\n$A\n'\nY=$A\n")),
            ("X='1\n2'\nY='$A'\n", format!("X='1\n2'\n{a}Y='$A'\n")),
            (
                "X=1\nexport Y=2 \\\n  Z=$A\n",
                format!("X=1\n{a}export Y=2 \\\n  Z=$A\n"),
            ),
        ] {
            assert_eq!(put(text, &["A=1"]), expected, "{text:?}");
        }
    }

    #[test]
    fn block_stays_in_its_place_unless_a_line_before_it_uses_it() {
        let (old, new) = (block("A=1\nB=2\n"), block("A=3\n"));
        for (text, expected) in [
            (format!("X=1\n{old}Y=$A"), format!("X=1\n{new}Y=$A")),
            (format!("{old}X=1\nY=$A"), format!("{new}X=1\nY=$A")),
            (
                format!("X=1\nY=$A\n{old}Z=1\n"),
                format!("X=1\n{new}Y=$A\nZ=1\n"),
            ),
            (format!("\u{feff}{old}"), format!("\u{feff}{new}")),
            (format!("X=1\n{BEGIN}A=1\n{END}"), format!("X=1\n{new}")),
        ] {
            assert_eq!(put(&text, &["A=3"]), expected, "{text:?}");
        }
    }

    #[test]
    fn block_without_lines_is_removed() {
        let old = block("A=1\n");
        for (text, expected) in [
            (old.clone(), ""),
            (format!("X=1\n{old}Y=2"), "X=1\nY=2"),
            (format!("\u{feff}{old}Y=2\r\n"), "\u{feff}Y=2\r\n"),
            ("X=1".to_owned(), "X=1"),
        ] {
            assert_eq!(put(&text, &[]), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_of_the_block_end_like_the_first_line() {
        let text = put("X=1\r\n", &["A=1"]);
        let expected = format!("X=1\r\n{}", block("A=1\n").replace('\n', "\r\n"));
        assert_eq!(text, expected);
        assert_eq!(put(&text, &["A=1"]), text);
        let parsed = EnvText::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.checkout(), Some(mark()));
    }

    #[test]
    fn incomplete_or_quoted_block_is_an_error() {
        let block = block("");
        for (text, error) in [
            (
                format!("X\n{BEGIN}A=1\n"),
                MarkError::Unclosed(2, COMMENT_MARKS).into(),
            ),
            (END.to_owned(), MarkError::Unopened(1, COMMENT_MARKS).into()),
            (
                format!("{BEGIN}{BEGIN}"),
                MarkError::Second(2, COMMENT_MARKS).into(),
            ),
            (
                format!("{block}{block}"),
                MarkError::Second(5, COMMENT_MARKS).into(),
            ),
            ("\u{0}X".to_owned(), MarkError::NotText.into()),
            (format!("X='\n{block}'\n"), BlockError::OpenQuote),
        ] {
            assert_eq!(try_put(text.as_bytes(), &[]), Err(error), "{text:?}");
        }
        // The quote would end in the block.
        assert_eq!(
            try_put(b"X='open\n", &["A='1 2'"]),
            Err(BlockError::OpenQuote)
        );
    }

    #[test]
    fn assignments_outside_become_comments() {
        let text = format!(
            "A=1\nX=$A\r\n{}export B = 'x\n# y' # z\nC=3\n A=2",
            block("A=1\n")
        );
        let mut parsed = EnvText::parse(text.as_bytes()).unwrap();
        let found = parsed.assignments_of(&["A", "B"]);
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.line, &*it.name, str::from_utf8(&it.value).unwrap()))
            .collect();
        assert_eq!(found, [(1, "A", "1"), (8, "B", "'x\n# y'"), (11, "A", "2")]);

        parsed.comment_out(&["A", "B"]);
        assert!(parsed.assignments_of(&["A", "B"]).is_empty());
        let lines = ["A=4".to_owned()];
        let put = parsed.with_block(&mark(), &["D"], &lines).unwrap();
        let expected = format!(
            "# A=1\nX=$A\r\n{}# export B = 'x\n# # y' # z\nC=3\n#  A=2",
            block("A=4\n")
        );
        assert_eq!(String::from_utf8(put).unwrap(), expected);
    }

    #[test]
    fn names_and_format_of_a_block_are_read_back() {
        let text = format!("X=1\n{}", block("export A=1\nB='2 # 3'\n"));
        let parsed = EnvText::parse(text.as_bytes()).unwrap();
        let expected = [("A", "1"), ("B", "'2 # 3'")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parsed.block_assignments(), expected);
        assert!(parsed.is_shell_block());
        assert!(!EnvText::parse(b"export A=1\n").unwrap().is_shell_block());
    }

    /// Lines with the bytes that matter.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            1..=255u8,
            proptest::sample::select(&b"A=$A'\"`\\\r\n\n# "[..])
        ];
        proptest::collection::vec(byte, 0..40)
    }

    fn without_block(text: &[u8]) -> Vec<u8> {
        EnvText::parse(text).unwrap().outside
    }

    proptest! {
        /// Also if the file is not UTF-8.
        #[test]
        fn bytes_outside_the_block_are_kept(before in bytes(), behind in bytes()) {
            let Ok(first) = try_put(&before, &["A=1"]) else {
                return Ok(());
            };
            let unended = without_block(&first);
            let ends = [&b""[..], b"\n", b"\r\n"].map(|it| [&before, it].concat());
            prop_assert!(ends.contains(&unended));
            let text = [first, behind].concat();
            let Ok(second) = try_put(&text, &["A=2", "B='3 4'"]) else {
                return Ok(());
            };
            prop_assert_eq!(without_block(&second), without_block(&text));
            prop_assert_eq!(&try_put(&second, &["A=2", "B='3 4'"]).unwrap(), &second);
        }

        #[test]
        fn commented_lines_are_the_old_ones_without_their_marks(text in bytes()) {
            let mut parsed = EnvText::parse(&text).unwrap();
            parsed.comment_out(&["A"]);
            prop_assert!(parsed.assignments_of(&["A"]).is_empty());
            let lines = parsed.outside.split(|&it| it == b'\n').zip(text.split(|&it| it == b'\n'));
            for (new, old) in lines {
                let new = new.strip_prefix("\u{feff}".as_bytes()).unwrap_or(new);
                let old = old.strip_prefix("\u{feff}".as_bytes()).unwrap_or(old);
                prop_assert!(new == old || new.strip_prefix(b"# ") == Some(old));
            }
        }
    }
}
