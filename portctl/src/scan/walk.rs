//! The files of a project.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::folder::folder_of;

/// A file, and where it stands in the project.
#[derive(Clone, Debug)]
pub(super) struct ProjectFile {
    pub(super) path: PathBuf,
    /// As it is told.
    pub(super) shown: String,
    /// The name of its folder, if that is below the scanned one.
    pub(super) below: Option<String>,
    /// Whether it is what was to be scanned, and no other.
    pub(super) is_named: bool,
}

/// Folders of what others wrote, and of what is made anew.
const LEFT_OUT: [&str; 8] = [
    "node_modules",
    "vendor",
    "target",
    "dist",
    "build",
    "out",
    "venv",
    "__pycache__",
];

/// How far below the scanned folder files are looked for.
const DEPTH: usize = 5;

/// The files below a folder, or the one file, by their paths.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) places: Vec<ProjectFile>,
    /// What cannot be looked into, and why.
    pub(super) closed: Vec<(String, String)>,
}

impl Walk {
    pub(super) fn of(path: &Path) -> io::Result<Walk> {
        if !fs::metadata(path)?.is_dir() {
            return Ok(Walk {
                places: vec![ProjectFile {
                    path: path.to_owned(),
                    shown: path.display().to_string(),
                    below: None,
                    is_named: true,
                }],
                closed: Vec::new(),
            });
        }
        fs::read_dir(path)?;
        let mut walk = Walk::default();
        // A file of a folder counts as one step more.
        let entries = WalkDir::new(path)
            .max_depth(DEPTH + 1)
            .same_file_system(true)
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || is_entered(entry));
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_type().is_file() || is_linked_file(&entry) => {
                    walk.places.push(place(&entry, path));
                }
                Ok(_) => {}
                Err(error) => {
                    let closed = error.path().unwrap_or(path);
                    let why = error.io_error().map(io::Error::to_string);
                    let why = why.unwrap_or_else(|| error.to_string());
                    walk.closed.push((shown(closed, path), why));
                }
            }
        }
        walk.places.sort_by(|a, b| a.shown.cmp(&b.shown));
        walk.closed.sort();
        Ok(walk)
    }
}

/// A path as it is told: what is typed as `.`, or not typed, is no part of it.
pub(super) fn shown(path: &Path, root: &Path) -> String {
    let path = if root == Path::new(".") {
        path.strip_prefix(root).unwrap_or(path)
    } else {
        path
    };
    path.display().to_string()
}

fn place(entry: &DirEntry, root: &Path) -> ProjectFile {
    let path = entry.path();
    let folder = path.parent().filter(|_| entry.depth() > 1);
    let name = folder.and_then(Path::file_name);
    ProjectFile {
        path: path.to_owned(),
        shown: shown(path, root),
        below: name.map(|name| name.to_string_lossy().into_owned()),
        is_named: false,
    }
}

fn is_entered(entry: &DirEntry) -> bool {
    if !entry.file_type().is_dir() {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    let is_hidden = name.starts_with('.') && name != ".devcontainer";
    // A submodule, or another repository, has names of its own.
    let is_checkout = || entry.path().join(".git").symlink_metadata().is_ok();
    !is_hidden && !LEFT_OUT.contains(&&*name) && !is_checkout()
}

/// Whether it is a symbolic link to a file, such as an `.env` that is kept elsewhere. Folders are not
/// followed.
fn is_linked_file(entry: &DirEntry) -> bool {
    entry.path_is_symlink() && fs::metadata(entry.path()).is_ok_and(|it| it.is_file())
}

impl ProjectFile {
    pub(super) fn name(&self) -> &str {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }

    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// The name of a service in this file's folder. Of one that is below the scanned folder, it begins
    /// with the folder's.
    pub(super) fn service(&self, name: &str) -> String {
        match &self.below {
            Some(folder) => format!("{folder}-{name}"),
            None => name.to_owned(),
        }
    }
}

/// A path without `.` and `..`, where it does not lead over symbolic links.
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
