//! The project that a command line of Docker Compose is about.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::launch::Launch;
use super::stdin_copy::StdinCopy;
use port_registry::Checkout;

use crate::checkout::current_folder;
use crate::command_error::CommandError;
use crate::compose::arguments::Arguments;
use crate::compose::compose_folder::ComposeFolder;
use crate::compose::file_search::Surroundings;
use crate::compose::files::{ComposeFiles, FilesSource};
use crate::compose::model::Model;
use crate::compose::name_source::{NamePlaces, NameSource};
use crate::compose::named_files::named_files;
use crate::compose::program::{Asked, Program, Question, StdinSource, ask};
use crate::compose::read_model;
use crate::environment::{self, ComposeVariables};
use crate::report::Report;
use crate::scan::ScanNote;

/// A project, and the command line that is about it.
#[derive(Debug)]
pub(super) struct Project {
    /// The typed words, without overrides that portctl has made.
    pub(super) arguments: Arguments,
    pub(super) files: ComposeFiles,
    pub(super) folder: ComposeFolder,
    /// The current folder, by the links that the shell followed.
    pub(super) current: PathBuf,
    variables: ComposeVariables,
    stdin: StdinCopy,
}

impl Project {
    /// Finds the project.
    pub(super) fn find(typed: &Arguments) -> Result<Project, CommandError> {
        let current = match environment::shell_folder() {
            Some(folder) => folder,
            None => current_folder().map_err(|it| it.hint("change to a folder that exists"))?,
        };
        let folder = ComposeFolder::open()?;
        // An override that portctl has made, and that the caller names, may be stale.
        let is_override = |file: &Path| folder.is_override(file);
        let arguments =
            typed.without(|name, value| name == "--file" && is_override(&current.join(value)));
        let variables = environment::compose();
        let surroundings = Surroundings {
            variables: &variables,
            environment: &environment::all(),
            folder: &current,
        };
        let start = arguments.project_directory();
        let start = start.map_or_else(|| current.clone(), |it| current.join(it));
        let files = ComposeFiles::find(&arguments, surroundings, |files| {
            named_files(&folder, &start, files)
        });
        refuse_files_of_main_checkout(&start, &files)?;
        let stdin = if files.use_stdin() {
            StdinCopy::take(&folder)?
        } else {
            StdinCopy::default()
        };
        Ok(Project {
            arguments,
            files,
            folder,
            current,
            variables,
            stdin,
        })
    }

    /// Returns true if Compose can be asked for the project. Otherwise it reports the reason itself.
    pub(super) fn is_found(&self) -> bool {
        let files = &self.files;
        self.arguments.are_understood() && !files.files.is_empty() && files.project_folder.is_dir()
    }

    /// Asks Compose for the project.
    pub(super) fn ask(&self) -> Asked {
        ask(Question {
            arguments: &self.arguments,
            variables: &self.variables_with(None),
            stdin: &self.stdin,
        })
    }

    /// Reads the project without Compose.
    pub(super) fn read_alone(&self) -> (Model, Vec<ScanNote>) {
        let (mut model, notes) = read_model::read(&self.files, &environment::all());
        let typed = self.arguments.project_name().filter(|it| !it.is_empty());
        if let Some(name) = typed {
            model.name = name.to_string_lossy().into_owned();
        }
        (model, notes)
    }

    /// Finds the source of the name that Compose itself gives the project.
    pub(super) fn name_source(&self) -> NameSource {
        let paths: Vec<PathBuf> = self.files.paths();
        NameSource::find(NamePlaces {
            is_typed: self
                .arguments
                .project_name()
                .is_some_and(|it| !it.is_empty()),
            variable: self.variables.project_name.as_deref(),
            env_files: &self.files.env_files,
            files: &paths,
        })
    }

    /// The command line without an override.
    pub(super) fn launch(&self, program: Program) -> Result<Launch, Report> {
        let stdin = self.stdin.open();
        let stdin = stdin.map_err(|error| {
            Report::new(format!("cannot read the copy of standard input: {error}"))
        })?;
        Ok(Launch {
            program,
            words: self.arguments.words().to_vec(),
            variables: self.variables_with(None),
            stdin,
        })
    }

    /// The command line with an override.
    pub(super) fn launch_with(&self, program: Program, file: &Path) -> Result<Launch, Report> {
        let words = match self.files.source {
            FilesSource::Typed => self.arguments.with_file(file.as_os_str()),
            _ => self.arguments.words().to_vec(),
        };
        Ok(Launch {
            words,
            variables: self.variables_with(Some(file)),
            ..self.launch(program)?
        })
    }

    /// The variables that name the files, unless the command line does, or they are found without.
    pub(super) fn variables_with(&self, file: Option<&Path>) -> Vec<(&'static str, OsString)> {
        let is_found = self.files.source == FilesSource::Default && !self.files.has_left_out;
        if self.files.source == FilesSource::Typed || (file.is_none() && is_found) {
            return Vec::new();
        }
        let (list, separator) = self.files.variables_with(file);
        let mut variables = vec![
            ("COMPOSE_FILE", list),
            ("COMPOSE_PATH_SEPARATOR", OsStr::new(separator).to_owned()),
        ];
        // Otherwise Compose would no longer read the env file that names the files.
        let mut env_files = self.files.env_files.clone();
        env_files.retain(|it| it.is_file());
        if self.files.source == FilesSource::EnvFile && !env_files.is_empty() {
            let env_files: Vec<OsString> = env_files.into_iter().map(Into::into).collect();
            variables.push(("COMPOSE_ENV_FILES", env_files.join(OsStr::new(","))));
        }
        variables
    }
}

/// Refuses a file that Compose finds above a linked worktree, in another checkout of the repository: its containers are those of
/// that checkout.
fn refuse_files_of_main_checkout(start: &Path, files: &ComposeFiles) -> Result<(), Report> {
    let [file, ..] = &*files.paths() else {
        return Ok(());
    };
    let folder = &files.project_folder;
    if files.source != FilesSource::Default || folder == start {
        return Ok(());
    }
    let (Ok(own), Ok(found)) = (Checkout::open(start), Checkout::open(folder)) else {
        return Ok(());
    };
    let is_other = own.root() != found.root()
        && own.is_linked_worktree()
        && own.other_worktrees().iter().any(|it| it == found.root());
    if !is_other {
        return Ok(());
    }
    let file = file.display();
    Err(Report::new(format!(
        "this worktree has no Compose file, and {file} is that of another checkout"
    ))
    .hint(format!(
        "to use that one, call `portctl compose` in {}",
        found.root().display()
    )))
}
