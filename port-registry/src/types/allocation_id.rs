//! The ids of allocations.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use thiserror::Error;

/// The id of an allocation: 1 to [`u64::MAX`].
///
/// Ids grow by one and are never reused. (The HTTP API accepts ids up to [`i64::MAX`].)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct AllocationId(NonZeroU64);

impl AllocationId {
    /// The first id.
    pub(crate) const MIN: AllocationId = AllocationId(NonZeroU64::MIN);

    /// Makes an id from a number.
    ///
    /// # Errors
    ///
    /// Returns [`AllocationIdError`] for 0.
    pub const fn new(number: u64) -> Result<AllocationId, AllocationIdError> {
        match NonZeroU64::new(number) {
            Some(number) => Ok(AllocationId(number)),
            None => Err(AllocationIdError(())),
        }
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for AllocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u64> for AllocationId {
    type Error = AllocationIdError;

    fn try_from(number: u64) -> Result<AllocationId, AllocationIdError> {
        AllocationId::new(number)
    }
}

impl From<AllocationId> for u64 {
    fn from(id: AllocationId) -> u64 {
        id.get()
    }
}

impl FromStr for AllocationId {
    type Err = AllocationIdError;

    fn from_str(text: &str) -> Result<AllocationId, AllocationIdError> {
        text.parse()
            .map(AllocationId)
            .map_err(|_| AllocationIdError(()))
    }
}

/// The error for a number or text that is not an [`AllocationId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an allocation's id is a whole number from 1 on")]
pub struct AllocationIdError(());
