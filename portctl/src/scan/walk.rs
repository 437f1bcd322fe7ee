//! Lists the files of a project.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::project_file::ProjectFile;

/// Folders that hold dependencies or build output.
const SKIPPED_FOLDERS: [&str; 8] = [
    "node_modules",
    "vendor",
    "target",
    "dist",
    "build",
    "out",
    "venv",
    "__pycache__",
];

/// Levels of subfolders that are searched.
const MAX_DEPTH: usize = 5;

/// The files of a folder and its subfolders, sorted by path, or the one file that was named.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) files: Vec<ProjectFile>,
    /// Paths that could not be opened, each with the reason.
    pub(super) unreadable: Vec<(String, String)>,
}

impl Walk {
    /// Lists a folder with its subfolders, or a single file.
    pub(super) fn of(path: &Path) -> io::Result<Walk> {
        Walk::with_depth(path, MAX_DEPTH)
    }

    /// Lists the files of a folder without its subfolders.
    pub(super) fn of_folder(path: &Path) -> io::Result<Walk> {
        Walk::with_depth(path, 0)
    }

    fn with_depth(path: &Path, depth: usize) -> io::Result<Walk> {
        if !fs::metadata(path)?.is_dir() {
            return Ok(Walk {
                files: vec![ProjectFile {
                    path: path.to_owned(),
                    shown: path.display().to_string(),
                    subfolder: None,
                    is_named: true,
                }],
                unreadable: Vec::new(),
            });
        }
        fs::read_dir(path)?;
        let mut walk = Walk::default();
        // walkdir counts a file as one level below its folder.
        let entries = WalkDir::new(path)
            .max_depth(depth + 1)
            .same_file_system(true)
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || is_searched(entry));
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_file() || is_link_to_file(&entry) => {
                    walk.files.push(project_file(&entry, path));
                }
                Ok(_) => {}
                Err(error) => {
                    let unreadable = error.path().unwrap_or(path);
                    let reason = error.io_error().map(io::Error::to_string);
                    let reason = reason.unwrap_or_else(|| error.to_string());
                    walk.unreadable.push((shown(unreadable, path), reason));
                }
            }
        }
        walk.files.sort_by(|a, b| a.shown.cmp(&b.shown));
        walk.unreadable.sort();
        Ok(walk)
    }
}

/// Formats a path for output. Omits the `./` of a scan of the current folder.
pub(super) fn shown(path: &Path, root: &Path) -> String {
    let path = if root == Path::new(".") {
        path.strip_prefix(root).unwrap_or(path)
    } else {
        path
    };
    path.display().to_string()
}

fn project_file(entry: &DirEntry, root: &Path) -> ProjectFile {
    let path = entry.path();
    let folder = path.parent().filter(|_| entry.depth() > 1);
    let name = folder.and_then(Path::file_name);
    ProjectFile {
        path: path.to_owned(),
        shown: shown(path, root),
        subfolder: name.map(|name| name.to_string_lossy().into_owned()),
        is_named: false,
    }
}

fn is_searched(entry: &DirEntry) -> bool {
    if !entry.file_type().is_dir() {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    let is_hidden = name.starts_with('.') && name != ".devcontainer";
    // Skip submodules and nested repositories: they are projects with service keys of their own.
    let is_checkout = || entry.path().join(".git").symlink_metadata().is_ok();
    !is_hidden && !SKIPPED_FOLDERS.contains(&&*name) && !is_checkout()
}

/// Accepts a symbolic link to a file, such as an `.env` kept elsewhere. Links to folders are not followed.
fn is_link_to_file(entry: &DirEntry) -> bool {
    entry.path_is_symlink() && fs::metadata(entry.path()).is_ok_and(|it| it.is_file())
}

/// Removes `.` and `..` from a path without resolving symbolic links.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normalized.file_name().is_some() => {
                normalized.pop();
            }
            part => normalized.push(part),
        }
    }
    normalized
}
