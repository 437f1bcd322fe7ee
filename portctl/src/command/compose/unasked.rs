//! Command lines whose project Compose does not tell.

use port_registry::Checkout;

use super::super::invocation::Invocation;
use super::launch::Launch;
use super::plan::{self, PlanInput};
use super::project::Project;
use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::compose::name_source::{NameSource, PROJECT_NAME_VARIABLE};
use crate::compose::program::Program;

/// The command line as it was typed. In a linked worktree, it gets the name of the project: without it, `down` reaches
/// the containers of another checkout if the environment or an env file names the project.
pub(super) fn launch(project: &Project, program: Program) -> Result<Launch, CommandError> {
    let mut launch = project.launch(program)?;
    let name = name(project)?;
    launch
        .variables
        .extend(name.map(|it| (PROJECT_NAME_VARIABLE, it.into())));
    Ok(launch)
}

/// Finds the name that a linked worktree's project has, or would get. Records nothing.
fn name(project: &Project) -> Result<Option<String>, CommandError> {
    let files = &project.files;
    let folder = if files.project_folder.is_dir() {
        &files.project_folder
    } else {
        &project.current
    };
    let Ok(checkout) = Checkout::open(folder) else {
        return Ok(None);
    };
    if !checkout.is_linked_worktree() {
        return Ok(None);
    }
    let is_certain = match project.name_source() {
        NameSource::Flag => return Ok(None),
        NameSource::Environment | NameSource::EnvFile(_) => true,
        NameSource::File | NameSource::Folder => false,
    };
    let record = project.folder.record_of(checkout.root(), folder);
    if let Some(record) = record.filter(|_| !is_certain) {
        return Ok(Some(record.project));
    }
    let (model, _) = project.read_alone();
    let backend = backend::open()?;
    let here = Here::new(&*backend, TypedLabels::new(None, None)?);
    let decided = plan::decided_name(&PlanInput {
        backend: &*backend,
        here: &here.in_folder(folder),
        invocation: &Invocation::new("compose", None, None),
        project,
        model: &model,
        allocates: false,
    })?;
    Ok(decided.is_changed.then_some(decided.name))
}
