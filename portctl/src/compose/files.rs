//! The files of a project that Docker Compose reads.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::arguments::Arguments;
use super::env_value::value_in_file;
use super::named_files::NamedFiles;
use crate::environment::ComposeVariables;
use crate::scan::{COMPOSE_NAMES, COMPOSE_OVERRIDES, is_true_to_compose};

/// The file name that means standard input.
pub(crate) const STDIN: &str = "-";

/// The separator of paths on this system.
pub(crate) const SEPARATOR: &str = if cfg!(windows) { ";" } else { ":" };

/// Separators to choose from if paths contain the usual one. No path of a person contains the last one.
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

/// The surroundings of a command line of Compose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) variables: &'a ComposeVariables,
    /// All variables of the environment, which values in env files may refer to.
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// The current folder.
    pub(crate) folder: &'a Path,
}

impl ComposeFiles {
    /// Finds the files as Compose does. `choose` picks those files of `COMPOSE_FILE` that count.
    pub(crate) fn find(
        arguments: &Arguments,
        surroundings: Surroundings,
        choose: impl Fn(Vec<OsString>) -> NamedFiles,
    ) -> ComposeFiles {
        let Surroundings { folder, .. } = surroundings;
        let typed_folder = arguments.project_directory();
        let typed_folder = typed_folder.filter(|it| !it.is_empty());
        let typed_folder = typed_folder.map(|it| folder.join(it));
        let start = typed_folder.as_deref().unwrap_or(folder);
        let mut env_files = env_files(arguments, surroundings, start);
        let absolute = |it: OsString| {
            if it == STDIN {
                it
            } else {
                folder.join(it).into_os_string()
            }
        };
        let typed = arguments.files().into_iter().map(absolute);
        let mut files: Vec<OsString> = typed.collect();
        let mut source = FilesSource::Typed;
        let mut has_left_out = false;
        let mut other_checkout = None;
        let mut name = |env_files: &[PathBuf]| {
            let named = named_by_variable(surroundings, env_files).into_iter();
            let named = choose(named.map(absolute).collect());
            has_left_out |= named.has_left_out;
            other_checkout = other_checkout.take().or(named.other_checkout);
            named.files
        };
        // The env file that may name files, if none is typed.
        let mut naming = start.join(".env");
        if files.is_empty() {
            files = name(&env_files);
            source = match surroundings.variables.file {
                Some(_) => FilesSource::Variable,
                None => FilesSource::EnvFile,
            };
        }
        if files.is_empty()
            && let found = search(start)
            && let Some(first) = found.first()
        {
            let project_env_file = first.with_file_name(".env");
            if env_files == [&*naming] && naming != project_env_file {
                // Compose reads that of the project, and then the files that it names.
                files = name(std::slice::from_ref(&project_env_file));
            }
            if files.is_empty() {
                files = found.into_iter().map(PathBuf::into_os_string).collect();
                source = FilesSource::Default;
            } else {
                env_files = vec![project_env_file.clone()];
                naming = project_env_file;
                source = FilesSource::EnvFile;
            }
        }
        if files.is_empty() && has_left_out {
            // Compose must not open what does not count, but tell that there is no file.
            files = vec![start.join(COMPOSE_NAMES[0]).into_os_string()];
        } else if files.is_empty() {
            source = FilesSource::Default;
        }
        let of_first = || {
            let mut paths = files.iter().filter(|it| *it != STDIN);
            let first = paths.next().map_or(folder, |it| folder_of(it, folder));
            first.to_owned()
        };
        let project_folder = typed_folder.clone().unwrap_or_else(of_first);
        let own = project_folder.join(".env");
        if env_files == [&*naming] && own != naming {
            match source {
                FilesSource::EnvFile => env_files.insert(0, own),
                _ => env_files = vec![own],
            }
        }
        ComposeFiles {
            files,
            env_files,
            project_folder,
            source,
            has_left_out,
            other_checkout,
        }
    }

    /// Notes that `COMPOSE_FILE` was copied from another checkout.
    pub(crate) fn note_of_other_checkout(&self) -> Option<String> {
        let other = self.other_checkout.as_ref()?.display();
        Some(format!(
            "COMPOSE_FILE names the override of another checkout, {other}, so the files of this one are used; \
             `portctl compose --print` shows the line for it"
        ))
    }

    /// Tests if a search from this folder finds files.
    pub(crate) fn exist_at(folder: &Path) -> bool {
        !search(folder).is_empty()
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

fn folder_of<'a>(file: &'a OsStr, otherwise: &'a Path) -> &'a Path {
    Path::new(file).parent().unwrap_or(otherwise)
}

/// The env files that Compose reads before it knows the project's files.
fn env_files(arguments: &Arguments, surroundings: Surroundings, start: &Path) -> Vec<PathBuf> {
    let Surroundings {
        variables, folder, ..
    } = surroundings;
    let typed = arguments.env_files();
    if !typed.is_empty() {
        return typed.iter().map(|it| folder.join(it)).collect();
    }
    if let Some(listed) = &variables.env_files {
        let listed = listed.to_string_lossy();
        return listed.split(',').map(|it| folder.join(it)).collect();
    }
    let disabled = variables.disable_env_file.as_ref();
    if disabled.is_some_and(|it| it.to_str().is_some_and(is_true_to_compose)) {
        return Vec::new();
    }
    vec![start.join(".env")]
}

/// The files that `COMPOSE_FILE` names.
fn named_by_variable(surroundings: Surroundings, env_files: &[PathBuf]) -> Vec<OsString> {
    let variables = surroundings.variables;
    let find = |typed: &Option<OsString>, name: &str| {
        let from_file = || value_in(env_files, surroundings.environment, name);
        typed.clone().or_else(|| from_file().map(OsString::from))
    };
    let Some(files) = find(&variables.file, "COMPOSE_FILE") else {
        return Vec::new();
    };
    let separator = find(&variables.path_separator, "COMPOSE_PATH_SEPARATOR");
    let separator = separator.unwrap_or_else(|| SEPARATOR.into());
    split(&files, separator.as_encoded_bytes())
}

/// Returns the value that a variable has in env files.
fn value_in(
    env_files: &[PathBuf],
    environment: &BTreeMap<String, String>,
    name: &str,
) -> Option<String> {
    let mut files = env_files.iter().rev();
    files.find_map(|file| value_in_file(file, environment, name))
}

#[cfg(unix)]
fn split(list: &OsStr, separator: &[u8]) -> Vec<OsString> {
    use std::os::unix::ffi::OsStrExt;
    let mut rest = list.as_bytes();
    let mut parts = Vec::new();
    while let Some(at) = rest.windows(separator.len()).position(|it| it == separator) {
        parts.push(OsStr::from_bytes(&rest[..at]).to_owned());
        rest = &rest[at + separator.len()..];
    }
    parts.push(OsStr::from_bytes(rest).to_owned());
    parts
}

#[cfg(not(unix))]
fn split(list: &OsStr, separator: &[u8]) -> Vec<OsString> {
    let (list, separator) = (list.to_string_lossy(), String::from_utf8_lossy(separator));
    list.split(&*separator).map(OsString::from).collect()
}

/// Searches a folder and those above it for a Compose file, and the override beside it.
fn search(start: &Path) -> Vec<PathBuf> {
    let found = start.ancestors().find_map(|folder| {
        let first = |names: &[&str]| {
            let mut files = names.iter().map(|it| folder.join(it));
            files.find(|it| it.exists())
        };
        let file = first(&COMPOSE_NAMES)?;
        Some([file].into_iter().chain(first(&COMPOSE_OVERRIDES)))
    });
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{ComposeFiles, FilesSource, Surroundings};
    use crate::compose::arguments::Arguments;
    use crate::compose::named_files::NamedFiles;
    use crate::environment::ComposeVariables;

    struct Project(tempfile::TempDir);

    impl Project {
        fn with(files: &[(&str, &str)]) -> Project {
            let project = Project(tempfile::tempdir().unwrap());
            for (name, text) in files {
                let path = project.path(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            project
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn find(&self, folder: &str, line: &str, variables: &ComposeVariables) -> ComposeFiles {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let surroundings = Surroundings {
                variables,
                environment: &BTreeMap::new(),
                folder: &self.path(folder),
            };
            let choose = |all: Vec<OsString>| {
                let mut named = NamedFiles {
                    files: all.clone(),
                    ..NamedFiles::default()
                };
                named
                    .files
                    .retain(|it| !Path::new(it).ends_with("ours.yaml"));
                named.has_left_out = named.files != all;
                named
            };
            ComposeFiles::find(&Arguments::read(&words), surroundings, choose)
        }

        fn names(&self, found: &ComposeFiles) -> String {
            let names = found.files.iter().map(|it| {
                let path = Path::new(it);
                let path = path.strip_prefix(self.0.path()).unwrap_or(path);
                path.to_str().unwrap()
            });
            names.collect::<Vec<_>>().join(" ")
        }
    }

    #[test]
    fn files_are_those_of_compose_in_its_order() {
        let project = Project::with(&[
            ("compose.yml", ""),
            ("docker-compose.yml", ""),
            ("docker-compose.override.yml", ""),
            ("deep/er/.env", "COMPOSE_FILE=x.yaml:y.yaml\n"),
            ("other/a.yaml", ""),
            (
                "other/.env",
                "COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE='a.yaml,ours.yaml'\n",
            ),
            ("empty/.env", "COMPOSE_FILE=ours.yaml\n"),
            ("named/compose.yaml", ""),
            ("named/sub/x", ""),
            ("named/.env", "COMPOSE_FILE=../other.yaml:ours.yaml\n"),
            ("left/compose.yaml", ""),
            ("left/sub/x", ""),
            ("left/.env", "COMPOSE_FILE=ours.yaml\n"),
        ]);
        let unset = ComposeVariables::default();
        let set = ComposeVariables {
            file: Some("p q.yaml::-".into()),
            path_separator: Some("::".into()),
            ..ComposeVariables::default()
        };
        let disabled = ComposeVariables {
            disable_env_file: Some("true".into()),
            ..ComposeVariables::default()
        };
        let listed = ComposeVariables {
            env_files: Some("none.env,../../other/.env".into()),
            ..ComposeVariables::default()
        };
        let default = "compose.yml docker-compose.override.yml";
        for (folder, line, variables, files, project_folder) in [
            ("", "up", &unset, default, ""),
            ("deep", "up", &unset, default, ""),
            (
                "deep/er",
                "up",
                &unset,
                "deep/er/x.yaml deep/er/y.yaml",
                "deep/er",
            ),
            ("deep/er", "up", &disabled, default, ""),
            ("deep/er", "up", &listed, "deep/er/a.yaml", "deep/er"),
            ("deep/er", "up", &set, "deep/er/p q.yaml -", "deep/er"),
            (
                "deep/er",
                "-f a.yaml -f - up",
                &set,
                "deep/er/a.yaml -",
                "deep/er",
            ),
            ("deep/er", "-f - up", &unset, "-", "deep/er"),
            ("other", "up", &unset, "other/a.yaml", "other"),
            ("empty", "up", &unset, default, ""),
            // Compose finds the project first, and takes the path from the current folder.
            (
                "named/sub",
                "up",
                &unset,
                "named/sub/../other.yaml",
                "named/sub/..",
            ),
            ("left/sub", "up", &unset, "left/compose.yaml", "left"),
            (
                "deep",
                "--env-file ../other/.env up",
                &unset,
                "deep/a.yaml",
                "deep",
            ),
            (
                "deep",
                "--project-directory ../other up",
                &unset,
                "deep/a.yaml",
                "deep/../other",
            ),
            (
                "other",
                "-f ../compose.yml up",
                &unset,
                "other/../compose.yml",
                "other/..",
            ),
        ] {
            let found = project.find(folder, line, variables);
            assert_eq!(project.names(&found), files, "{folder}: {line}");
            assert_eq!(
                found.project_folder,
                project.path(project_folder),
                "{folder}: {line}"
            );
        }
    }

    #[test]
    fn env_files_are_those_of_the_project_and_the_one_that_named_the_files() {
        let project = Project::with(&[
            ("compose.yaml", ""),
            ("deep/x", ""),
            ("top/.env", "COMPOSE_FILE=docker/a.yaml\n"),
        ]);
        let unset = ComposeVariables::default();
        for (folder, line, expected) in [
            ("deep", "ps", &[".env"][..]),
            ("deep", "--env-file a ps", &["deep/a"]),
            ("deep", "-f x/a.yaml ps", &["deep/x/.env"]),
            ("deep", "--project-directory x ps", &["deep/x/.env"]),
            ("top", "ps", &["top/docker/.env", "top/.env"]),
        ] {
            let found = project.find(folder, line, &unset);
            let expected: Vec<PathBuf> = expected.iter().map(|it| project.path(it)).collect();
            assert_eq!(found.env_files, expected, "{folder}: {line}");
        }
    }

    #[test]
    fn left_out_file_of_the_project_is_known_in_its_folders() {
        let text = "COMPOSE_FILE=/ours.yaml\n";
        let project = Project::with(&[("compose.yaml", ""), (".env", text), ("deep/x", "")]);
        let unset = ComposeVariables::default();
        for (folder, line, expected) in [
            ("", "ps", true),
            ("deep", "ps", true),
            ("deep", "--env-file a ps", false),
        ] {
            let found = project.find(folder, line, &unset);
            assert_eq!(found.has_left_out, expected, "{folder} {line}");
        }
    }

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
