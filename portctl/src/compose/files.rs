//! The files of a project that Docker Compose reads.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The file name that means standard input.
pub(crate) const STDIN: &str = "-";

/// The separator of paths on this system.
pub(crate) const SEPARATOR: &str = if cfg!(windows) { ";" } else { ":" };

/// Separators to choose from if paths contain the usual one. Paths hardly ever contain the last one.
const SEPARATORS: [&str; 5] = [SEPARATOR, ";", "|", ",", "\n"];

/// The way in which Compose files are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilesSource {
    /// By `--file`.
    Typed,
    /// By `COMPOSE_FILE` in the environment.
    Variable,
    /// By `COMPOSE_FILE` in an env file.
    EnvFile,
    /// Not at all, so that Compose searches.
    Default,
}

/// The files of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComposeFiles {
    /// Absolute paths, or [`STDIN`]. There are none if Compose would find none.
    pub(crate) files: Vec<OsString>,
    /// The env files, of which a later one takes precedence.
    pub(crate) env_files: Vec<PathBuf>,
    /// The folder that Compose resolves relative paths against.
    pub(crate) project_folder: PathBuf,
    pub(crate) source: FilesSource,
    /// Some files of `COMPOSE_FILE` do not count.
    pub(crate) has_left_out: bool,
    /// The other checkout that `COMPOSE_FILE` was written for.
    pub(crate) other_checkout: Option<PathBuf>,
}

impl ComposeFiles {
    /// Notes that `COMPOSE_FILE` was copied from another checkout.
    pub(crate) fn note_of_other_checkout(&self) -> Option<String> {
        let other = self.other_checkout.as_ref()?.display();
        Some(format!(
            "COMPOSE_FILE names the override of another checkout, {other}, so the files of this one are used; \
             `portctl compose --print` shows the line for it"
        ))
    }

    pub(crate) fn use_stdin(&self) -> bool {
        self.files.iter().any(|it| it == STDIN)
    }

    /// The paths of the files.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let files = self.files.iter().filter(|it| *it != STDIN);
        files.map(PathBuf::from).collect()
    }

    /// The values of `COMPOSE_FILE` and `COMPOSE_PATH_SEPARATOR` for these files and one more.
    pub(crate) fn variables_with(&self, file: Option<&Path>) -> (OsString, &'static str) {
        let more = file.map(|it| it.as_os_str().to_owned());
        let files: Vec<OsString> = self.files.iter().cloned().chain(more).collect();
        let separator = SEPARATORS.into_iter().find(|it| {
            let mut files = files.iter();
            files.all(|file| !file.to_string_lossy().contains(it))
        });
        let separator = separator.unwrap_or(SEPARATOR);
        (files.join(OsStr::new(separator)), separator)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    use super::{ComposeFiles, FilesSource};

    #[test]
    fn separator_is_one_that_no_path_contains() {
        let files = |names: &[&str]| ComposeFiles {
            files: names.iter().map(OsString::from).collect(),
            env_files: Vec::new(),
            project_folder: PathBuf::from("/"),
            source: FilesSource::Variable,
            has_left_out: false,
            other_checkout: None,
        };
        let more = Path::new("/o.yaml");
        for (names, expected) in [
            (&["/a b.yaml"][..], ("/a b.yaml:/o.yaml", ":")),
            (&["/a:b.yaml", "-"], ("/a:b.yaml;-;/o.yaml", ";")),
            (&["/a:;|,b"], ("/a:;|,b\n/o.yaml", "\n")),
        ] {
            let (list, separator) = files(names).variables_with(Some(more));
            assert_eq!((list.to_str().unwrap(), separator), expected);
        }
    }
}
