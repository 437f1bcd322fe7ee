//! `portctl compose`.

mod advice;
mod launch;
mod plan;
mod port_claims;
mod port_look;
mod port_notes;
mod port_ranges;
mod ports;
mod project;
mod stdin_copy;
mod told;
mod unasked;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use port_registry::{Checkout, RootKind};

use self::launch::Launch;
use self::plan::{Plan, PlanInput};
use self::project::Project;
use super::env_files::env_refresh::refresh_copied_blocks;
use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::print_notes;
use crate::args::ComposeArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::compose::arguments::Arguments;
use crate::compose::model::Model;
use crate::compose::program::{Asked, Program};
use crate::report::Report;

/// Runs Docker Compose with these words.
pub(crate) fn run(args: &ComposeArgs, words: &[OsString]) -> CommandResult {
    let typed = Arguments::read(words);
    if !args.print && typed.need_no_files() {
        return Launch::unchanged(Program::find(), &typed).run();
    }
    let project = Project::find(&typed)?;
    if !project.is_found() {
        if args.print {
            return Err(no_files().into());
        }
        return unasked::launch(&project, Program::find())?.run();
    }
    let backend = backend::open()?;
    let here = Here::new(&*backend, TypedLabels::new(None, None)?);
    let here = here.in_folder(&project.files.project_folder);
    if !project.arguments.is_dry_run() {
        refresh(&*backend, &here, &project.files.project_folder)?;
    }
    let allocates = if project.arguments.has_command() {
        project.arguments.allocate()
    } else {
        args.print
    };
    let (program, model) = match project.ask() {
        Asked::Config(program, config) => (Some(program), understood(program, &config)?),
        Asked::Refused {
            program,
            code,
            messages,
        } => {
            if allocates {
                told::tell_refusal(&messages);
                return Ok(Done::Exit(code));
            }
            return unasked::launch(&project, program)?.run();
        }
        Asked::TooOld(..) | Asked::Missing if args.print => {
            let (model, notes) = project.read_alone();
            super::scan::print_notes(&notes, false).ok();
            (None, model)
        }
        Asked::TooOld(program, found) => {
            if allocates {
                return Err(advice::too_old(&project, &found).into());
            }
            return unasked::launch(&project, program)?.run();
        }
        Asked::Missing => return Err(launch::missing()),
    };
    let mut invocation = Invocation::new("compose", None, None);
    if let Some(root) = other_checkout(&project)? {
        invocation = invocation.in_folder(&root);
    }
    let mut plan = Plan::make(&PlanInput {
        backend: &*backend,
        here: &here,
        invocation: &invocation,
        project: &project,
        model: &model,
        allocates,
    })?;
    // The store is closed before the command runs.
    drop(here);
    drop(backend);
    if let Some(program) = program.filter(|_| !args.print && plan.changes.has_services())
        && let Some(found) = advice::old_version(program)
    {
        if allocates {
            return Err(advice::too_old_for(&project, &found, &plan.changes).into());
        }
        // Commands that start nothing find their containers by the name of the project.
        return plan.launch_without_file(program, &project)?.run();
    }
    if allocates {
        plan.tell(&project)?;
    }
    match program {
        Some(program) if !args.print => plan.launch(program, &project)?.run(),
        _ => plan.print(&project),
    }
}

/// Reads the project that Compose printed.
fn understood(program: Program, config: &[u8]) -> Result<Model, Report> {
    Model::of_config(config).map_err(|error| {
        Report::new(format!(
            "cannot understand what `{} config --format json` prints: {error}",
            program.line()
        ))
    })
}

/// Returns the checkout of the project, unless the current folder is in it.
fn other_checkout(project: &Project) -> Result<Option<PathBuf>, Report> {
    let folder = &project.files.project_folder;
    if *folder == project.current {
        return Ok(None);
    }
    let checkout = Checkout::open(folder)?;
    let is_current = Checkout::open(&project.current).is_ok_and(|it| it.root() == checkout.root());
    Ok((!is_current).then(|| checkout.root().to_owned()))
}

/// Puts this checkout's ports into env files that were copied from another one, before Compose reads them.
fn refresh(backend: &dyn Backend, here: &Here, project_folder: &Path) -> Result<(), CommandError> {
    if here.typed().are_given() {
        return Ok(());
    }
    let checkout = Checkout::open(project_folder)?;
    if checkout.root_kind() != RootKind::Plain {
        let files = super::env_files::wiring::declared_files(here, &here.current()?)?;
        print_notes(&refresh_copied_blocks(backend, &checkout, &files));
    }
    Ok(())
}

fn no_files() -> Report {
    Report::new("there is no Compose file here or in a folder above")
        .hint("name one, as in `portctl compose -f FILE --print`")
}
