//! Paths.

use std::ffi::OsStr;
use std::path::Path;

use crate::environment;

/// Returns true if a word names a program that can be run: by its path, or by its name on the PATH.
pub(crate) fn is_program(word: &OsStr) -> bool {
    let path = Path::new(word);
    if path.components().count() > 1 || path.is_absolute() {
        return is_executable(path);
    }
    let folders = environment::path().into_iter();
    folders
        .map(|folder| folder.join(path))
        .any(|it| is_executable(&it))
}

/// Returns true if a file has permission to be run.
#[cfg(unix)]
pub(crate) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    let metadata = path.metadata();
    metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// The folder of a file: `.` if the path names none.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
