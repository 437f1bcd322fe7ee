//! The lines of a text, by the places in it.

/// Where the lines of a text begin.
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

    /// The number of the line that a byte is in, the first being 1.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.ends.partition_point(|&end| end < byte) + 1
    }
}
