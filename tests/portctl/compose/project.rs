//! The sample projects, and how Compose is called in each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/compose/projects");
const OF_SCAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scan/cases");

/// A project with Compose files, and a way to call Compose there.
#[derive(Debug)]
pub(super) struct SampleProject {
    /// Names the project in reports.
    pub(super) name: String,
    /// The files of its checkout.
    pub(super) files: PathBuf,
    pub(super) call: ComposeCall,
    /// Compose may reject projects that were made for `portctl scan`.
    pub(super) may_be_rejected: bool,
}

/// A way to call Compose in a project. The default is without options, in the checkout's root.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ComposeCall {
    /// Current folder, relative to the checkout.
    pub(super) folder: PathBuf,
    /// Global options of Compose.
    pub(super) arguments: Vec<String>,
    /// Variables of the environment.
    pub(super) environment: BTreeMap<String, String>,
}

impl ComposeCall {
    /// Returns true if the project's name is an argument, which holds in every checkout.
    pub(super) fn names_the_project(&self) -> bool {
        self.arguments.iter().any(|it| it == "-p")
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Returns the projects in tests/compose.
pub(super) fn own() -> Vec<SampleProject> {
    let projects = entries(Path::new(OWN)).into_iter();
    let projects = projects.map(|folder| SampleProject {
        name: name_of(&folder).to_owned(),
        files: folder.join("project"),
        call: fs::read(folder.join("how.json"))
            .map(|it| serde_json::from_slice(&it).unwrap())
            .unwrap_or_default(),
        may_be_rejected: false,
    });
    projects.collect()
}

/// Returns the project of this name in tests/compose.
pub(super) fn named(name: &str) -> SampleProject {
    let project = own().into_iter().find(|it| it.name == name);
    project.unwrap_or_else(|| panic!("there is no project {name}"))
}

/// Returns each folder with Compose files in the projects of `portctl scan`, some of which Compose rejects.
pub(super) fn of_scan() -> Vec<SampleProject> {
    let mut projects = Vec::new();
    for case in entries(Path::new(OF_SCAN)) {
        let files = case.join("project");
        for folder in compose_folders(&files) {
            let folder = folder.strip_prefix(&files).unwrap().to_owned();
            projects.push(SampleProject {
                name: format!("{} {}", name_of(&case), folder.display()),
                files: files.clone(),
                call: ComposeCall {
                    folder,
                    ..ComposeCall::default()
                },
                may_be_rejected: true,
            });
        }
    }
    projects
}

fn compose_folders(folder: &Path) -> Vec<PathBuf> {
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        entries(folder).into_iter().partition(|it| it.is_dir());
    let has_compose_file = files.iter().any(|file| {
        let extension = file.extension().and_then(|it| it.to_str());
        name_of(file).contains("compose") && matches!(extension, Some("yml" | "yaml"))
    });
    let own = has_compose_file.then(|| folder.to_owned()).into_iter();
    own.chain(folders.iter().flat_map(|it| compose_folders(it)))
        .collect()
}
