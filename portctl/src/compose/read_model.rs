//! Reads a project without Docker Compose.

use std::collections::BTreeMap;

use super::files::ComposeFiles;
use super::model::Model;
use crate::scan::{ModelFiles, ScanNote, read_model};

/// Reads the files of a project as Compose would, with the services of all profiles. Notes parts that cannot be read.
pub(crate) fn read(
    files: &ComposeFiles,
    environment: &BTreeMap<String, String>,
) -> (Model, Vec<ScanNote>) {
    let env_files = files.env_files.iter();
    // Compose ignores a folder of this name, and a default file that is not there.
    let env_files: Vec<_> = env_files
        .filter(|it| it.exists() && !it.is_dir())
        .cloned()
        .collect();
    read_model(ModelFiles {
        files: &files.paths(),
        env_files: &env_files,
        project_folder: &files.project_folder,
        environment,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use test_support::is_available;

    use super::read;
    use crate::compose::arguments::Arguments;
    use crate::compose::file_search::Surroundings;
    use crate::compose::files::ComposeFiles;
    use crate::compose::model::Model;
    use crate::compose::named_files::NamedFiles;
    use crate::environment::ComposeVariables;

    const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scan/cases");

    /// The projects that Compose refuses.
    const REFUSED: [&str; 11] = [
        "compose-broken-yaml",
        "compose-dollar-escape",
        "compose-empty-file",
        "compose-extends-what-is-not-there",
        "compose-file-variable-beyond-the-project",
        "compose-include",
        "compose-include-of-what-is-not-there",
        "compose-include-that-leads-back",
        "compose-indented-with-tabs",
        "compose-malformed-ports",
        // It needs an env file that is not there.
        "compose-merge-keys",
    ];

    /// The projects that the reader reads in another way: Compose takes the variables of env files that are not UTF-8, but the
    /// reader takes none.
    const DIFFERENT: [&str; 2] = [
        "compose-env-file-in-latin-1",
        "compose-include-with-env-file-in-latin-1",
    ];

    fn compose(folder: &Path) -> Command {
        let mut command = Command::new("docker");
        command.args(["compose", "--profile", "*", "config", "--format", "json"]);
        command.current_dir(folder).env_clear();
        for name in ["PATH", "HOME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
    }

    fn files(folder: &Path) -> Option<ComposeFiles> {
        let words: [OsString; 0] = [];
        let surroundings = Surroundings {
            variables: &ComposeVariables::default(),
            environment: &BTreeMap::new(),
            folder,
        };
        // The search goes upward, but these have no file above them.
        let choose = |files| NamedFiles {
            files,
            ..NamedFiles::default()
        };
        let found = ComposeFiles::find(&Arguments::read(&words), surroundings, choose);
        (!found.files.is_empty()).then_some(found)
    }

    /// The parts of a model that the reader must know.
    fn known(mut model: Model) -> Model {
        for service in &mut model.services {
            service.bind_sources.clear();
            service.environment.clear();
        }
        model.networks.clear();
        model.volumes.clear();
        model
    }

    #[test]
    #[ignore = "needs the programs that .ci/programs installs"]
    fn sample_projects_are_read_as_compose_reads_them() {
        let mut version = Command::new("docker");
        version.args(["compose", "version"]);
        if !is_available("docker compose", &mut version) {
            return;
        }
        let cases = fs::read_dir(CASES).unwrap().map(|it| it.unwrap().path());
        let mut cases: Vec<PathBuf> = cases.collect();
        cases.sort();
        let mut refused = Vec::new();
        let mut compared = 0;
        let mut different = Vec::new();
        for case in cases {
            let folder = case.join("project");
            let Some(files) = files(&folder) else {
                continue;
            };
            let name = case.file_name().unwrap().to_str().unwrap().to_owned();
            let printed = compose(&folder).output().unwrap();
            if !printed.status.success() {
                refused.push(name);
                continue;
            }
            compared += 1;
            let expected = known(Model::of_config(&printed.stdout).unwrap());
            let found = known(read(&files, &BTreeMap::new()).0);
            if DIFFERENT.contains(&&*name) {
                assert_ne!(found, expected, "{name}");
            } else if found != expected {
                different.push(format!("{name}:\n{found:?}\ninstead of\n{expected:?}"));
            }
        }
        assert!(different.is_empty(), "{}", different.join("\n\n"));
        assert!(compared >= 60, "{compared}");
        assert_eq!(refused, REFUSED);
    }
}
