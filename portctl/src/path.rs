//! Paths.

use std::path::Path;

/// The folder of a file: `.` if the path names none.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
