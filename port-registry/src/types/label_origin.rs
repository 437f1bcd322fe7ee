//! The source of an allocation's labels.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The source of an allocation's labels, its app and instance.
///
/// Labels of the first four kinds are detected in a checkout. They are names for people: the allocation belongs to its
/// checkout, even after the branch or the remote has changed. Labels of the last two kinds identify the allocation by
/// themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum LabelOrigin {
    /// The instance is the branch of the checkout.
    Branch,
    /// The instance is git's name of a linked worktree.
    Worktree,
    /// The instance is the commit of a detached HEAD.
    Detached,
    /// The checkout is outside of git, and its instance is `default`.
    Folder,
    /// A user named the app or the instance.
    Typed,
    /// A program named them in a request.
    #[default]
    Api,
}

/// The error for a text that is no [`LabelOrigin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be branch, worktree, detached, folder, typed or api")]
pub struct LabelOriginError;

impl LabelOrigin {
    const ALL: [LabelOrigin; 6] = [
        LabelOrigin::Branch,
        LabelOrigin::Worktree,
        LabelOrigin::Detached,
        LabelOrigin::Folder,
        LabelOrigin::Typed,
        LabelOrigin::Api,
    ];

    /// Tests if the labels were detected in a checkout.
    pub fn is_detected(self) -> bool {
        !matches!(self, LabelOrigin::Typed | LabelOrigin::Api)
    }

    /// Tests if this is [`Api`](Self::Api), the default.
    pub fn is_api(&self) -> bool {
        *self == LabelOrigin::Api
    }

    /// Returns the name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            LabelOrigin::Branch => "branch",
            LabelOrigin::Worktree => "worktree",
            LabelOrigin::Detached => "detached",
            LabelOrigin::Folder => "folder",
            LabelOrigin::Typed => "typed",
            LabelOrigin::Api => "api",
        }
    }
}

impl fmt::Display for LabelOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LabelOrigin {
    type Err = LabelOriginError;

    fn from_str(text: &str) -> Result<LabelOrigin, LabelOriginError> {
        let mut all = LabelOrigin::ALL.into_iter();
        all.find(|it| it.as_str() == text).ok_or(LabelOriginError)
    }
}

#[cfg(test)]
mod tests {
    use super::LabelOrigin;

    #[test]
    fn every_origin_is_read_as_it_is_written() {
        for origin in LabelOrigin::ALL {
            assert_eq!(origin.as_str().parse(), Ok(origin));
        }
        assert!("Branch".parse::<LabelOrigin>().is_err());
    }
}
