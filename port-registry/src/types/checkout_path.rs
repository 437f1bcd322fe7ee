//! Paths of checkouts as the registry records them.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

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
