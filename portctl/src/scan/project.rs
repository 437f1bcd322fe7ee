//! The files of a project, and what they set.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Variables;
use super::dotenv::{self, Assignment};
use super::walk::{self, ProjectFile};

/// What is scanned.
pub(super) struct Project<'a> {
    pub(super) environment: &'a Variables,
    pub(super) root: PathBuf,
    files: Vec<ProjectFile>,
    /// The numbers of the files in each folder.
    pub(super) folders: BTreeMap<PathBuf, Vec<usize>>,
    /// The numbers of the files, by their paths without `.` and `..`.
    paths: BTreeMap<PathBuf, usize>,
}

impl<'a> Project<'a> {
    pub(super) fn new(
        root: &Path,
        environment: &'a Variables,
        files: Vec<ProjectFile>,
    ) -> Project<'a> {
        let mut folders: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        let mut paths = BTreeMap::new();
        for (number, place) in files.iter().enumerate() {
            let folder = place.folder().to_owned();
            folders.entry(folder).or_default().push(number);
            paths.insert(walk::normalized(&place.path), number);
        }
        Project {
            environment,
            root: root.to_owned(),
            files,
            folders,
            paths,
        }
    }

    /// The files of one kind, as their names tell.
    pub(super) fn files(
        &self,
        recognizes: impl Fn(&ProjectFile) -> bool,
    ) -> impl Iterator<Item = &ProjectFile> {
        self.files.iter().filter(move |place| recognizes(place))
    }

    /// The files of a folder.
    pub(super) fn files_in(&self, folder: &Path) -> impl Iterator<Item = &ProjectFile> {
        let numbers = self.folders.get(folder).into_iter().flatten();
        numbers.map(|&number| &self.files[number])
    }

    /// A variable that is set for all that Compose does in a folder: by its `.env`, and where the scan
    /// began by the environment, which is that of this folder alone.
    pub(super) fn setting(&self, folder: &Path, name: &str) -> Option<String> {
        let is_set = |value: &String| !value.is_empty();
        let environment = self.environment.get(name).filter(|_| folder == self.root);
        if let Some(value) = environment.filter(|value| is_set(value)) {
            return Some(value.clone());
        }
        let mut assignments = self.assignments_in(folder).into_iter();
        let last = assignments.rfind(|it| it.name == name);
        last.map(|it| it.value).filter(is_set)
    }

    /// What the `.env` of a folder sets.
    pub(super) fn assignments_in(&self, folder: &Path) -> Vec<Assignment> {
        let text = read(&folder.join(".env")).unwrap_or_default();
        dotenv::parse(&text, self.environment)
    }

    /// The file of a path, if it is one of the project's.
    pub(super) fn file(&self, path: &Path) -> Option<&ProjectFile> {
        let number = self.paths.get(&walk::normalized(path))?;
        self.files.get(*number)
    }

    /// The variables that the `.env` files of folders give to Compose and to Procfiles, those of later
    /// folders outweighing those of earlier ones.
    pub(super) fn variables_of(&self, folders: &[&Path]) -> Variables {
        let mut variables = Variables::new();
        for folder in folders {
            let assignments = self.assignments_in(folder).into_iter();
            variables.extend(assignments.map(|it| (it.name, it.value)));
        }
        // The shell's outweigh those of files.
        variables.extend(self.environment.clone());
        variables
    }
}

/// The `.env` of a folder, as it is told.
pub(super) fn env_file(folder: &Path) -> PathBuf {
    let file = folder.join(".env");
    file.strip_prefix(".").map_or(file.clone(), Path::to_owned)
}

/// What is in a file that is not too large to be one of a project's.
pub(super) fn read(path: &Path) -> io::Result<String> {
    const LARGEST: u64 = 4 << 20;
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::other("it is larger than 4 MiB"));
    }
    // The kernel's own files have no length, and may have no end.
    let mut text = Vec::new();
    if metadata.len() > 0 {
        File::open(path)?.take(LARGEST).read_to_end(&mut text)?;
    }
    let text = String::from_utf8(text).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}
