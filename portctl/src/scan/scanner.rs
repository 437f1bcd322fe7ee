//! Runs the scan: lists the files, then lets each format look at its own.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::project::Project;
use super::project_file::ProjectFile;
use super::result::{ScanNote, ScanResult};
use super::source_text::read;
use super::variables::Variables;
use super::walk::Walk;
use super::{compose, devcontainer, dotenv, package, procfile};

/// Recognizes the files of each format by their names.
const FORMATS: [fn(&ProjectFile) -> bool; 5] = [
    compose::recognizes,
    procfile::recognizes,
    devcontainer::recognizes,
    package::recognizes,
    dotenv::recognizes,
];

/// Scans a folder with its subfolders, or a single file.
pub(crate) fn scan(path: &Path, environment: &Variables) -> io::Result<ScanResult> {
    let walk = Walk::of(path)?;
    if let [file] = &*walk.files
        && file.is_named
    {
        if !FORMATS.iter().any(|recognizes| recognizes(file)) {
            return Err(io::Error::other(
                "it is not a Compose file (*.yaml), Procfile, devcontainer.json, package.json or .env file",
            ));
        }
        read(&file.path)?;
    }
    let project = Project::new(path, environment, walk.files);
    let mut result = ScanResult::default();
    for (file, reason) in walk.unreadable {
        let text = format!("cannot be opened: {reason}");
        let line = None;
        result.notes.push(ScanNote { file, line, text });
    }
    // Formats run in order of precedence; `mark_repetitions` relies on it.
    let used = compose::scan(&project, &mut result);
    procfile::scan(&project, &mut result);
    devcontainer::scan(&project, &mut result);
    package::scan(&project, &mut result);
    dotenv::scan(&project, &used, &mut result);
    result.mark_repetitions();
    Ok(result)
}

/// Finds the variables by which the Compose files of a folder set its published ports, by service. These are the files that
/// Compose reads there by default; a folder without them, or one that cannot be read, has no such variables.
pub(crate) fn port_variables(
    folder: &Path,
    environment: &Variables,
) -> BTreeMap<String, Vec<String>> {
    let walk = Walk::of_folder(folder).unwrap_or_default();
    let project = Project::new(folder, environment, walk.files);
    compose::port_variables(&project)
}
