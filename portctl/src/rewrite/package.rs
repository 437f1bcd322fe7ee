//! The scripts that package managers run.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scan::read_project_file;

/// A script of a `package.json`.
pub(super) struct Script {
    pub(super) text: String,
    /// The folder that it runs in.
    pub(super) folder: PathBuf,
}

/// Finds a script in the nearest `package.json`, from this folder upward. Files that cannot be read or are no JSON have
/// none.
pub(super) fn script(folder: &Path, name: &str) -> Option<Script> {
    let mut folders = folder.ancestors();
    let folder = folders.find(|it| it.join("package.json").exists())?;
    let text = read_project_file(&folder.join("package.json")).ok()?;
    let package: Value = serde_json::from_str(&text).ok()?;
    let text = package.get("scripts")?.get(name)?.as_str()?;
    Some(Script {
        text: text.to_owned(),
        folder: folder.to_owned(),
    })
}
