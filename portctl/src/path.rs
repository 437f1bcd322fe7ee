//! The folder of a file.

use std::path::Path;

/// The folder that a file is in, by a path that can be gone to.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
