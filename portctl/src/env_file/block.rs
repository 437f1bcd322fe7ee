//! The marked block that portctl keeps in a file of the user.

use std::path::Path;

use thiserror::Error;

use super::mark_path::escaped;
use crate::marked_text::{COMMENT_MARKS, Mark, MarkError};

const NOTICE: &str = "# Written by portctl. Changes in this block are lost.";
const CHECKOUT: &str = "# Checkout: ";

/// The reason why the block cannot be written into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BlockError {
    #[error(transparent)]
    Marks(#[from] MarkError),
    #[error("a quote is open before the block, so the block would be part of a value")]
    OpenQuote,
}

/// Tests if a text has a line that begins the block.
pub(crate) fn is_in(text: &[u8]) -> bool {
    let mut lines = text.split(|&it| it == b'\n');
    lines.any(|line| {
        str::from_utf8(line).is_ok_and(|it| COMMENT_MARKS.mark(it) == Some(Mark::Begin))
    })
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
    let marked = [COMMENT_MARKS.begin, NOTICE, &named].into_iter();
    let marked = marked.chain(lines.iter().map(String::as_str));
    let marked = marked.chain([COMMENT_MARKS.end]);
    let mut rendered = String::new();
    for line in marked {
        rendered.push_str(line);
        rendered.push_str(line_end);
    }
    rendered.into_bytes()
}
