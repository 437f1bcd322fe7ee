//! A file of the scanned project.

use std::path::{Path, PathBuf};

use crate::path::folder_of;

/// A file, and its place in the project.
#[derive(Clone, Debug)]
pub(super) struct ProjectFile {
    pub(super) path: PathBuf,
    /// The path as it is printed.
    pub(super) shown: String,
    /// The name of its folder, if that is a subfolder of the scanned one.
    pub(super) subfolder: Option<String>,
    /// The scan was given this file rather than a folder.
    pub(super) is_named: bool,
}

impl ProjectFile {
    pub(super) fn name(&self) -> &str {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }

    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    /// Names a service of this file. In a subfolder, the folder's name goes before it.
    pub(super) fn service(&self, name: &str) -> String {
        match &self.subfolder {
            Some(folder) => format!("{folder}-{name}"),
            None => name.to_owned(),
        }
    }
}
