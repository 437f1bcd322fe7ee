//! The files in which the project file keeps variables.

use std::path::{Path, PathBuf};

use port_registry::Allocation;

use super::super::invocation::Invocation;
use super::env_writing::{FileChange, PlannedChange, TrackedFile, WrittenChange};
use super::moved_ports::MovedPorts;
use super::wiring::expected_variables_of_files;
use super::write_target::{Suggestions, WriteTarget};
use crate::checkout::{Here, current_folder};
use crate::command_error::CommandError;
use crate::declared::Declarations;
use crate::env_file::variables::Variable;
use crate::env_file::{BlockFormat, LockedFiles, OutsideAssignments};
use crate::output::wording;
use crate::report::Report;

/// The endings of templates, which people copy before they use a file.
const TEMPLATES: [&str; 4] = [".example", ".sample", ".template", ".dist"];

/// Treatment of the files, and the command lines that hints suggest.
#[derive(Debug)]
pub(in crate::command) struct FileRules {
    pub(in crate::command) tracked: TrackedFile,
    pub(in crate::command) outside: OutsideAssignments,
    /// The command line of `sync`.
    pub(in crate::command) written: Invocation,
    /// The command line of `env`.
    pub(in crate::command) printed: Invocation,
}

/// The declared files of a checkout. None of them leads out of it.
pub(in crate::command) struct KeptFiles<'a> {
    rules: &'a FileRules,
    targets: Vec<WriteTarget<'a>>,
}

/// Returns the paths of the declared files, as messages show them: below the current folder if that is the root.
pub(in crate::command) fn paths(declared: &Declarations) -> Vec<PathBuf> {
    let root = declared.root();
    let is_root = current_folder().is_ok_and(|it| it.canonicalize().is_ok_and(|it| it == root));
    let folder = if is_root { Path::new("") } else { root };
    let files = declared.files.iter();
    files.map(|it| folder.join(&it.path)).collect()
}

impl FileRules {
    pub(in crate::command) fn suggestions(&self) -> Suggestions<'_> {
        Suggestions {
            written: &self.written,
            printed: &self.printed,
            services: &[],
        }
    }
}

impl<'a> KeptFiles<'a> {
    /// Finds the files. Fails if one of them would be refused, as far as that is known before its variables have values.
    pub(in crate::command) fn find(
        here: &Here,
        declared: &Declarations,
        paths: &'a [PathBuf],
        rules: &'a FileRules,
    ) -> Result<KeptFiles<'a>, CommandError> {
        let mut targets = Vec::with_capacity(paths.len());
        for path in paths {
            let target = WriteTarget::find(path, &rules.suggestions())?;
            refuse_missing(&target)?;
            targets.push(target);
        }
        let files = KeptFiles { rules, targets };
        let expected = expected_variables_of_files(here, declared, &here.current()?)?;
        files.plan_with(|| Ok(expected), |_| Ok(()))?;
        Ok(files)
    }

    /// Finds one file, which exists.
    pub(in crate::command) fn single(
        path: &'a Path,
        rules: &'a FileRules,
    ) -> Result<KeptFiles<'a>, CommandError> {
        let target = WriteTarget::find(path, &rules.suggestions())?;
        let targets = vec![target];
        Ok(KeptFiles { rules, targets })
    }

    /// Writes the files, all of which are locked while `read` allocates and reads the variables, so that older ports never
    /// replace newer ones. Nothing is written if one of them is refused.
    pub(in crate::command) fn write(
        &self,
        read: impl FnOnce() -> Result<Vec<Vec<Variable>>, CommandError>,
    ) -> Result<Vec<WrittenChange>, CommandError> {
        self.plan_with(read, |planned| {
            planned.into_iter().map(PlannedChange::write).collect()
        })
    }

    /// Notes the lines of the files that mention a port which a service would have had.
    pub(in crate::command) fn notes_of_moved_ports(
        &self,
        here: &Here,
        allocations: &[Allocation],
    ) -> Result<Vec<String>, CommandError> {
        let moved = MovedPorts::of(here, allocations)?;
        let notes = self.targets.iter().flat_map(|it| {
            let shown = it.file.display().to_string();
            moved.notes(&it.place.path(), &shown)
        });
        Ok(notes.collect())
    }

    fn plan_with<T>(
        &self,
        read: impl FnOnce() -> Result<Vec<Vec<Variable>>, CommandError>,
        use_plans: impl FnOnce(Vec<PlannedChange>) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let locks = LockedFiles::default();
        let suggestions = self.rules.suggestions();
        let opened = self.targets.iter().map(|it| locks.open(&it.place, it.file));
        let opened = opened.collect::<Result<Vec<_>, _>>()?;
        let variables = read()?;
        let mut planned = Vec::with_capacity(opened.len());
        for ((target, file), variables) in self.targets.iter().zip(opened).zip(variables) {
            let change = FileChange {
                target,
                suggestions: &suggestions,
                format: BlockFormat::Dotenv,
                outside: self.rules.outside,
                tracked: self.rules.tracked,
            };
            planned.push(change.plan(file, &variables)?);
        }
        use_plans(planned)
    }
}

/// Fails if a file does not exist beside its template: a new one would lack everything but the ports.
fn refuse_missing(target: &WriteTarget) -> Result<(), CommandError> {
    if target.place.path().symlink_metadata().is_ok() {
        return Ok(());
    }
    let file = target.file.display().to_string();
    let with_ending = |path: &Path, ending: &str| {
        let mut path = path.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    let mut endings = TEMPLATES.iter();
    let place = target.place.path();
    let Some(ending) = endings.find(|it| with_ending(&place, it).is_file()) else {
        return Ok(());
    };
    let template = with_ending(target.file, ending).display().to_string();
    let copy = format!(
        "cp{}{}",
        wording::positional(&template),
        wording::positional(&file)
    );
    Err(Report::new(format!(
        "{file} does not exist, and {template} is its template"
    ))
    .hint(format!("copy it first: `{copy} && portctl sync`"))
    .into())
}
