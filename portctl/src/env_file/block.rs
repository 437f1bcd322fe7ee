//! The marked block that portctl keeps in a file of the user.

use std::ops::Range;
use std::path::Path;

use thiserror::Error;

use super::mark_path::escaped;

const BEGIN: &str = "# >>> port-registry >>>";
const END: &str = "# <<< port-registry <<<";
const BOM: char = '\u{feff}';
const NOTICE: &str = "# Written by portctl. Changes in this block are lost.";
const CHECKOUT: &str = "# Checkout: ";

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
    #[error("a quote is open before the block, so the block would be part of a value")]
    OpenQuote,
}

/// A mark of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Begin,
    End,
}

/// Returns the mark that a line is.
pub(crate) fn mark(line: &str) -> Option<Mark> {
    // Some editors write a byte order mark at the start of a file.
    match line.trim_start_matches(BOM).trim_end() {
        BEGIN => Some(Mark::Begin),
        END => Some(Mark::End),
        _ => None,
    }
}

/// Tests if a text has a line that begins the block.
pub(crate) fn is_in(text: &[u8]) -> bool {
    let mut lines = text.split(|&it| it == b'\n');
    lines.any(|line| str::from_utf8(line).is_ok_and(|it| mark(it) == Some(Mark::Begin)))
}

/// The checkout that a block is of, as its mark names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckoutMark(String);

impl CheckoutMark {
    pub(crate) fn of(checkout: &Path) -> CheckoutMark {
        CheckoutMark(escaped(checkout))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Returns true if the mark names this checkout, given by its real path, perhaps by another path of it.
    pub(crate) fn names(&self, checkout: &Path) -> bool {
        *self == CheckoutMark::of(checkout)
            || Path::new(&self.0)
                .canonicalize()
                .is_ok_and(|it| it == checkout)
    }
}

/// Returns the checkout that a block names. Returns `None` if an older version wrote it.
pub(super) fn checkout_of(block: &[u8]) -> Option<CheckoutMark> {
    let mut lines = block.split(|&it| it == b'\n');
    lines.find_map(|line| {
        let path = str::from_utf8(line).ok()?.strip_prefix(CHECKOUT)?;
        Some(CheckoutMark(path.trim_end_matches('\r').to_owned()))
    })
}

/// A block with these lines.
pub(super) fn render(checkout: &CheckoutMark, lines: &[String], line_end: &str) -> Vec<u8> {
    let named = format!("{CHECKOUT}{}", checkout.text());
    let marked = [BEGIN, NOTICE, &named].into_iter();
    let marked = marked.chain(lines.iter().map(String::as_str)).chain([END]);
    let mut rendered = String::new();
    for line in marked {
        rendered.push_str(line);
        rendered.push_str(line_end);
    }
    rendered.into_bytes()
}

/// Finds the block with its marks.
pub(super) fn find(text: &[u8]) -> Result<Option<Range<usize>>, BlockError> {
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
        None => Ok(found),
    }
}
