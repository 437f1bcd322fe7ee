use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{ComposeFiles, Surroundings};
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
