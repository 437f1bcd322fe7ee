//! Positions in the history of a store.

/// A state of a store: the number of its last commit, and the hash of the history up to there.
///
/// The hash of a commit depends on that of the one before. So two stores with the same position have the same rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The number of the last commit. It is 0 in a new store.
    pub(super) sequence: u64,
    /// The hash of the last commit's record, or the id of the store in a new one.
    pub(super) chain: u64,
}
