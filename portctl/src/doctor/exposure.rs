//! Permissions of the registry's folder and file: access that others should not have, and that this user needs.

#[cfg(unix)]
use std::fs;
use std::fs::Metadata;
use std::io;
use std::path::Path;

use super::finding::Issue;
#[cfg(unix)]
use crate::output::wording;

/// The place of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreLocation {
    /// The default folder, which is private.
    Default,
    /// A folder that the user chose, possibly to share the registry with others.
    Chosen,
}

/// Describes an existing folder.
#[cfg(unix)]
pub(super) fn described(folder: &Path, found: &Metadata) -> String {
    format!("{}: mode {:04o}", folder.display(), mode(found))
}

/// Reports a folder with too much access for other users.
#[cfg(unix)]
pub(super) fn of_folder(folder: &Path, location: StoreLocation) -> Option<Issue> {
    /// Only the owner of a file may rename or remove it in such a folder (chmod(1)).
    const STICKY: u32 = 0o1000;
    let mode = mode(&fs::metadata(folder).ok()?);
    match location {
        StoreLocation::Default if mode & OPEN != 0 => Some(
            Issue::problem(format!("{} is open to other users", folder.display()))
                .hint(chmod("700", folder)),
        ),
        StoreLocation::Chosen if mode & WRITABLE_BY_ALL != 0 && mode & STICKY == 0 => Some(
            Issue::problem(format!(
                "every user can replace files in {}",
                folder.display()
            ))
            .hint(chmod("o-w", folder)),
        ),
        StoreLocation::Default | StoreLocation::Chosen => None,
    }
}

/// Reports a registry file with too much access for other users.
#[cfg(unix)]
pub(super) fn of_file(file: &Path, location: StoreLocation) -> Option<Issue> {
    let found = fs::metadata(file).ok().filter(Metadata::is_file)?;
    let mode = mode(&found);
    if mode & OPEN == 0 {
        return None;
    }
    let line = format!(
        "{} is open to other users (mode {mode:04o})",
        file.display()
    );
    let issue = match location {
        StoreLocation::Chosen if mode & WRITABLE_BY_ALL == 0 => Issue::warning(line),
        StoreLocation::Default | StoreLocation::Chosen => Issue::problem(line),
    };
    Some(issue.hint(chmod("600", file)))
}

/// Reports a folder that another user owns, and so controls.
#[cfg(unix)]
pub(super) fn of_other_owner(folder: &Path, found: &Metadata) -> Option<Issue> {
    use std::os::unix::fs::MetadataExt;

    let (owner, user) = (found.uid(), rustix::process::geteuid().as_raw());
    (owner != user).then(|| {
        Issue::warning(format!(
            "{} belongs to another user (uid {owner}; you are uid {user})",
            folder.display()
        ))
        .hint(
            "check HOME; the owner of the folder may be unable to use files that you create there",
        )
    })
}

/// Returns the error if this user may not create files in a folder.
#[cfg(unix)]
pub(super) fn write_error(folder: &Path) -> Option<io::Error> {
    use rustix::fs::{Access, access};

    let refused = access(folder, Access::WRITE_OK | Access::EXEC_OK).err()?;
    Some(refused.into())
}

/// All permissions of the group and of others.
#[cfg(unix)]
const OPEN: u32 = 0o077;
#[cfg(unix)]
const WRITABLE_BY_ALL: u32 = 0o002;

#[cfg(unix)]
fn mode(found: &Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;

    found.mode() & 0o7777
}

/// Formats the command that corrects the mode.
#[cfg(unix)]
fn chmod(mode: &str, path: &Path) -> String {
    format!(
        "`chmod {mode} {}`",
        wording::quoted(&path.display().to_string())
    )
}

#[cfg(not(unix))]
pub(super) fn described(folder: &Path, _: &Metadata) -> String {
    folder.display().to_string()
}

#[cfg(not(unix))]
pub(super) fn of_folder(_: &Path, _: StoreLocation) -> Option<Issue> {
    None
}

#[cfg(not(unix))]
pub(super) fn of_file(_: &Path, _: StoreLocation) -> Option<Issue> {
    None
}

#[cfg(not(unix))]
pub(super) fn of_other_owner(_: &Path, _: &Metadata) -> Option<Issue> {
    None
}

#[cfg(not(unix))]
pub(super) fn write_error(_: &Path) -> Option<io::Error> {
    None
}
