//! Paths.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::environment;

/// Returns true if a word names a program that can be run: by its path, or by its name on the PATH.
pub(crate) fn is_program(word: &OsStr) -> bool {
    candidates(word).iter().any(|it| is_executable(it))
}

/// The files that a word may run, in the order of search: the one at its path, or those of its name on the PATH.
pub(crate) fn candidates(word: &OsStr) -> Vec<PathBuf> {
    let path = Path::new(word);
    if path.components().count() > 1 || path.is_absolute() {
        return vec![path.to_owned()];
    }
    let folders = environment::path().into_iter();
    folders.map(|folder| folder.join(path)).collect()
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
