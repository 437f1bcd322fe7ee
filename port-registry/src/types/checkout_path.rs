//! Paths of checkouts as the registry records them.

use std::fmt;
use std::ops::Deref;
use std::path::{self, Path};

use thiserror::Error;

/// The maximum length of a recorded checkout's path, in bytes. Linux opens no longer paths (`PATH_MAX`,
/// path\_resolution(7)).
pub const MAX_DIR_LEN: usize = 4096;

/// The error for a checkout's path that cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DirError {
    /// The path is empty.
    #[error("dir must not be empty")]
    Empty,
    /// The path is relative, and the current folder is unknown.
    #[error("dir is relative to the current folder, which is unknown; use an absolute path")]
    NoCurrentFolder,
    /// The path is not UTF-8.
    #[error("dir must be UTF-8")]
    NotUtf8,
    /// The path contains a null character.
    #[error("dir must not contain a null character")]
    Null,
    /// The path is longer than [`MAX_DIR_LEN`].
    #[error("dir must be at most {MAX_DIR_LEN} bytes long")]
    TooLong,
}

/// The root of a checkout, as it is recorded. It dereferences to a [`Path`].
///
/// The path is UTF-8. Paths are compared byte by byte, unlike [`Path`]s: `/home/me/shop` and `/home/me/shop/` are
/// different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct CheckoutPath(String);

impl CheckoutPath {
    pub(crate) fn new(path: String) -> CheckoutPath {
        CheckoutPath(path)
    }

    /// Makes a path to record. A relative path is resolved against the current folder.
    ///
    /// # Errors
    ///
    /// Returns [`DirError`] if the path cannot be recorded.
    pub fn of(dir: impl AsRef<Path>) -> Result<CheckoutPath, DirError> {
        let dir = dir.as_ref();
        if dir.as_os_str().is_empty() {
            return Err(DirError::Empty);
        }
        let dir = path::absolute(dir).map_err(|_| DirError::NoCurrentFolder)?;
        let dir = dir.into_os_string().into_string();
        let dir = dir.map_err(|_| DirError::NotUtf8)?;
        if dir.contains('\0') {
            return Err(DirError::Null);
        }
        if dir.len() > MAX_DIR_LEN {
            return Err(DirError::TooLong);
        }
        Ok(CheckoutPath(dir))
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for CheckoutPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl AsRef<Path> for CheckoutPath {
    fn as_ref(&self) -> &Path {
        self
    }
}

impl fmt::Display for CheckoutPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
