//! What other users may do to files, and this one may not.

#[cfg(unix)]
use std::fs;
use std::fs::Metadata;
use std::io;
use std::path::Path;

use super::finding::Issue;
#[cfg(unix)]
use crate::wording;

/// Where the registry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// In its own folder, where nobody else has business.
    Usual,
    /// In a folder that was chosen for it, which may have been so that others can share it.
    Chosen,
}

/// What a folder is told as that is there.
#[cfg(unix)]
pub(super) fn described(folder: &Path, found: &Metadata) -> String {
    format!("{}: mode {:04o}", folder.display(), mode(found))
}

/// What others may do in a folder and should not.
#[cfg(unix)]
pub(super) fn of_folder(folder: &Path, location: Location) -> Option<Issue> {
    /// Only the owner of a file may take it away then (chmod(1)).
    const STICKY: u32 = 0o1000;
    let mode = mode(&fs::metadata(folder).ok()?);
    match location {
        Location::Usual if mode & OPEN != 0 => Some(
            Issue::problem(format!("{} is open to other users", folder.display()))
                .hint(chmod("700", folder)),
        ),
        Location::Chosen if mode & WRITABLE_BY_ALL != 0 && mode & STICKY == 0 => Some(
            Issue::problem(format!(
                "every user can replace what is in {}",
                folder.display()
            ))
            .hint(chmod("o-w", folder)),
        ),
        Location::Usual | Location::Chosen => None,
    }
}

/// What others may do to the registry's file and should not.
#[cfg(unix)]
pub(super) fn of_file(file: &Path, location: Location) -> Option<Issue> {
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
        Location::Chosen if mode & WRITABLE_BY_ALL == 0 => Issue::warning(line),
        Location::Usual | Location::Chosen => Issue::problem(line),
    };
    Some(issue.hint(chmod("600", file)))
}

/// That a folder is another user's, who decides what is in it.
#[cfg(unix)]
pub(super) fn of_another(folder: &Path, found: &Metadata) -> Option<Issue> {
    use std::os::unix::fs::MetadataExt;

    let (owner, user) = (found.uid(), rustix::process::geteuid().as_raw());
    (owner != user).then(|| {
        Issue::warning(format!(
            "{} belongs to another user (uid {owner}, and this is uid {user})",
            folder.display()
        ))
        .hint("what this user creates there may be out of the other one's reach; see that HOME is right")
    })
}

/// Why this user may not create anything in a folder.
#[cfg(unix)]
pub(super) fn refusal(folder: &Path) -> Option<io::Error> {
    use rustix::fs::{Access, access};

    let refused = access(folder, Access::WRITE_OK | Access::EXEC_OK).err()?;
    Some(refused.into())
}

/// What group and others may do.
#[cfg(unix)]
const OPEN: u32 = 0o077;
#[cfg(unix)]
const WRITABLE_BY_ALL: u32 = 0o002;

#[cfg(unix)]
fn mode(found: &Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;

    found.mode() & 0o7777
}

/// The command that puts it right.
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
pub(super) fn of_folder(_: &Path, _: Location) -> Option<Issue> {
    None
}

#[cfg(not(unix))]
pub(super) fn of_file(_: &Path, _: Location) -> Option<Issue> {
    None
}

#[cfg(not(unix))]
pub(super) fn of_another(_: &Path, _: &Metadata) -> Option<Issue> {
    None
}

#[cfg(not(unix))]
pub(super) fn refusal(_: &Path) -> Option<io::Error> {
    None
}
