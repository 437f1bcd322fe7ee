//! Converts byte offsets to line numbers.

/// The line breaks of a text.
#[derive(Debug)]
pub(super) struct LineIndex {
    ends: Vec<usize>,
}

impl LineIndex {
    pub(super) fn of(text: &str) -> LineIndex {
        let ends = text.match_indices('\n').map(|(at, _)| at);
        LineIndex {
            ends: ends.collect(),
        }
    }

    /// Returns the number of the line that contains a byte, counted from 1.
    pub(super) fn line_of(&self, byte: usize) -> usize {
        self.ends.partition_point(|&end| end < byte) + 1
    }
}
