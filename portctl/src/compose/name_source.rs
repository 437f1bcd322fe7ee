//! The source of the name that Compose itself gives a project.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::env_value::value_in_file;
use crate::env_file::read_small;
use crate::environment;

/// The variable that names the project.
pub(crate) const PROJECT_NAME_VARIABLE: &str = "COMPOSE_PROJECT_NAME";

/// The source of a project's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NameSource {
    /// `--project-name`.
    Flag,
    /// [`PROJECT_NAME_VARIABLE`] in the environment.
    Environment,
    /// [`PROJECT_NAME_VARIABLE`] in this env file.
    EnvFile(PathBuf),
    /// `name:` in a Compose file.
    File,
    /// The name of the project folder.
    Folder,
}

/// The places that may name a project.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamePlaces<'a> {
    /// True if the command line has `--project-name`.
    pub(crate) is_typed: bool,
    /// The value of [`PROJECT_NAME_VARIABLE`] in the environment.
    pub(crate) variable: Option<&'a OsStr>,
    /// The env files that Compose reads, in its order.
    pub(crate) env_files: &'a [PathBuf],
    /// The Compose files.
    pub(crate) files: &'a [PathBuf],
}

impl NameSource {
    /// Finds the source, in Compose's order.
    pub(crate) fn find(places: NamePlaces) -> NameSource {
        if places.is_typed {
            return NameSource::Flag;
        }
        if places.variable.is_some_and(|it| !it.is_empty()) {
            return NameSource::Environment;
        }
        let variables = environment::all();
        // The last one wins.
        let mut env_files = places.env_files.iter().rev();
        let sets_name =
            |file: &&PathBuf| value_in_file(file, &variables, PROJECT_NAME_VARIABLE).is_some();
        if let Some(file) = env_files.find(sets_name) {
            return NameSource::EnvFile(file.clone());
        }
        if places.files.iter().any(|it| has_name(&text_of(it))) {
            NameSource::File
        } else {
            NameSource::Folder
        }
    }
}

/// Returns the text of a file. One that cannot be read is empty, because Compose reports it.
fn text_of(file: &Path) -> String {
    let text = read_small(file).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// Tests if a Compose file names its project. The key is at the start of a line.
fn has_name(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let keys = text.lines().filter_map(|it| it.split_once(':'));
    let mut keys = keys.map(|(key, _)| key.trim_end());
    keys.any(|it| ["name", "\"name\"", "'name'"].contains(&it))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;

    use super::{NamePlaces, NameSource, has_name};

    #[test]
    fn only_a_key_of_the_file_itself_names_the_project() {
        for (text, expected) in [
            ("name: shop\nservices: {}\n", true),
            ("\u{feff}name: shop\n", true),
            ("services: {}\n'name' : shop\n", true),
            ("\"name\": shop\r\n", true),
            ("services:\n  web:\n    name: web\n", false),
            ("# name: shop\n", false),
            ("names: a\n", false),
            ("", false),
        ] {
            assert_eq!(has_name(text), expected, "{text:?}");
        }
    }

    #[test]
    fn source_is_the_first_place_in_the_order_of_compose() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("none.env"), "OTHER=1\nCOMPOSE_PROJECT_NAME=\n").unwrap();
        fs::write(path("one.env"), "COMPOSE_PROJECT_NAME=one\n").unwrap();
        fs::write(path("two.env"), "export COMPOSE_PROJECT_NAME='two'\n").unwrap();
        fs::write(path("named.yaml"), "name: shop\n").unwrap();
        fs::write(path("plain.yaml"), "services: {}\n").unwrap();
        let [none, one, two, named, plain, gone] = [
            "none.env",
            "one.env",
            "two.env",
            "named.yaml",
            "plain.yaml",
            "gone.env",
        ]
        .map(path);
        let find = |is_typed, variable: Option<&str>, env_files: &[_], files: &[_]| {
            NameSource::find(NamePlaces {
                is_typed,
                variable: variable.map(OsStr::new),
                env_files,
                files,
            })
        };
        let env_files = [one.clone(), two.clone(), none.clone()];
        let files = [plain.clone(), named];
        assert_eq!(find(true, Some("a"), &env_files, &files), NameSource::Flag);
        let found = find(false, Some("a"), &env_files, &files);
        assert_eq!(found, NameSource::Environment);
        let found = find(false, Some(""), &env_files, &files);
        assert_eq!(found, NameSource::EnvFile(two));
        assert_eq!(find(false, None, &[none, gone], &files), NameSource::File);
        assert_eq!(find(false, None, &[], &[plain]), NameSource::Folder);
    }
}
