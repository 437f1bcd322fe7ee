//! The change to a file that has a hook.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum HookChange {
    Installed,
    UpToDate,
    Removed,
    Absent,
}

impl HookChange {
    /// The start of the sentence that names the file. Returns `None` if there is nothing to tell.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            HookChange::Installed => Some("installed in"),
            HookChange::UpToDate => Some("up to date:"),
            HookChange::Removed => Some("removed from"),
            HookChange::Absent => None,
        }
    }
}
