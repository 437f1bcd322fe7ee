//! The changes of a project: its ports, its name, and the names of its containers.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::mem;
use std::path::PathBuf;

use port_registry::{Allocation, Filter};

use super::super::invocation::Invocation;
use super::super::outcome::{CommandResult, Done};
use super::super::services::claiming::print_notes;
use super::launch::Launch;
use super::port_look;
use super::ports::{self, PortInput};
use super::project::Project;
use super::told;
use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::compose::engine::remote_engine;
use crate::compose::model::Model;
use crate::compose::name_source::{NameSource, PROJECT_NAME_VARIABLE};
use crate::compose::old_containers;
use crate::compose::override_text::{OverriddenService, Override};
use crate::compose::program::Program;
use crate::compose::project_name::{self, Decided, NameInput};
use crate::compose::record::Record;
use crate::compose::shared;
use crate::environment;
use crate::output::{self, visible};
use crate::report::Report;

/// A project and its surroundings.
#[derive(Clone, Copy)]
pub(super) struct PlanInput<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) here: &'a Here<'a>,
    pub(super) invocation: &'a Invocation,
    pub(super) project: &'a Project,
    pub(super) model: &'a Model,
    /// The ports that are missing are allocated, and the decisions recorded.
    pub(super) allocates: bool,
}

/// The changes of a project.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) changes: Override,
    record: Record,
    allocations: Vec<Allocation>,
    /// All ports of the project have allocations.
    is_complete: bool,
    notes: Vec<String>,
    /// Notes on ports that are in use now, which are printed every time.
    in_use: Vec<String>,
}

impl Plan {
    /// Decides on the changes.
    pub(super) fn make(input: &PlanInput) -> Result<Plan, CommandError> {
        let PlanInput {
            backend,
            here,
            invocation,
            project,
            model,
            allocates,
        } = *input;
        let checkout = here.checkout()?;
        let is_linked = checkout.is_linked_worktree();
        let project_folder = &project.files.project_folder;
        let decided = decided_name(input)?;
        let engine = remote_engine(&environment::engine(), environment::home().as_deref());
        let is_remote = engine.is_some();
        let other_names = &project
            .folder
            .names_of_other_projects(checkout.root(), project_folder);
        let port_input = PortInput {
            project_folder,
            allocates,
            is_remote,
            other_names,
        };
        let assigned = ports::assign(backend, here, invocation, model, port_input)?;
        let mut notes = decided.notes;
        notes.extend(project.files.note_of_other_checkout());
        if allocates && decided.is_new && decided.is_changed {
            notes.extend(old_containers::note(&model.name, project_folder));
        }
        notes.extend(engine.map(|it| {
            format!("ports are not probed, because the engine is on another machine: {it}")
        }));
        notes.extend(assigned.notes);
        let mut services = assigned.services;
        if is_linked {
            reset_container_names(model, &mut services);
        }
        let mut record = decided.record;
        // A command with other files may be about other services.
        record.services.extend(assigned.names);
        record.services.sort();
        record.services.dedup();
        if is_linked {
            notes.extend(shared::notes(model, checkout.root()));
        }
        let mut in_use = Vec::new();
        if allocates {
            if !is_remote {
                in_use = port_look::notes(backend, &assigned.allocations);
            }
            project.folder.save(&record)?;
        }
        Ok(Plan {
            changes: Override {
                project_name: decided.is_changed.then_some(decided.name),
                services,
            },
            record,
            allocations: assigned.allocations,
            is_complete: assigned.is_complete,
            notes,
            in_use,
        })
    }

    /// Tells people about the changes. Each note is printed once, and not on every call.
    pub(super) fn tell(&mut self, project: &Project) -> Result<(), Report> {
        print_notes(&self.record.tell(mem::take(&mut self.notes)));
        print_notes(&self.in_use);
        if !self.changes.is_empty() {
            told::tell_ports(&self.allocations);
        }
        // The notes count as printed only now, because the user may interrupt the command at any time.
        project.folder.save(&self.record)
    }

    /// Prints the override, and how plain Compose can use it.
    pub(super) fn print(&self, project: &Project) -> CommandResult {
        if self.changes.is_empty() {
            output::note("nothing has to be changed, so Compose gets no override").ok();
            return Ok(Done::Printed(Ok(())));
        }
        let path = self.write(project)?;
        let printed = output::print_lines(&self.changes.to_yaml());
        let (list, separator) = project.files.variables_with(Some(&path));
        print_notes(&[format!(
            "this is {}; with these lines in .env, plain `docker compose` uses it as well, until the ports change:",
            path.display()
        )]);
        // Lines to copy are never wrapped.
        let list = visible(&list.to_string_lossy()).into_owned();
        let mut lines = format!("COMPOSE_FILE={list}\nCOMPOSE_PATH_SEPARATOR={separator}");
        if let Some(name) = &self.changes.project_name {
            // Another value in .env would outrank `name:` of the override.
            let _ = write!(lines, "\n{PROJECT_NAME_VARIABLE}={name}");
        }
        output::remark_lines(&lines).ok();
        if let Some(name) = &self.changes.project_name
            && project.name_source() == NameSource::Environment
        {
            print_notes(&[format!(
                "{PROJECT_NAME_VARIABLE} in the environment outranks .env, so unset it or set it to {name}"
            )]);
        }
        Ok(Done::Printed(printed))
    }

    /// The command line of Compose, with the override if one is needed.
    pub(super) fn launch(&self, program: Program, project: &Project) -> Result<Launch, Report> {
        if !self.changes.has_services() {
            return self.launch_without_file(program, project);
        }
        let path = self.write(project)?;
        Ok(self.named(project.launch_with(program, &path)?))
    }

    /// The command line of Compose with the name of the project, and without an override.
    pub(super) fn launch_without_file(
        &self,
        program: Program,
        project: &Project,
    ) -> Result<Launch, Report> {
        Ok(self.named(project.launch(program)?))
    }

    fn named(&self, mut launch: Launch) -> Launch {
        if let Some(name) = &self.changes.project_name {
            launch.variables.push((PROJECT_NAME_VARIABLE, name.into()));
        }
        launch
    }

    fn write(&self, project: &Project) -> Result<PathBuf, Report> {
        let text = self.changes.to_yaml();
        let mut files = project.files.files.clone();
        if !self.is_complete {
            // One that lacks ports is another override, so that it never replaces the one that .env names.
            files.push(OsString::new());
        }
        project.folder.write_override(&self.record, &files, &text)
    }
}

/// Decides the name of a project, or finds the decided one.
pub(super) fn decided_name(input: &PlanInput) -> Result<Decided, CommandError> {
    let PlanInput {
        backend,
        here,
        project,
        ..
    } = *input;
    let checkout = here.checkout()?;
    // Others keep Compose's own name.
    let (instance, other_checkouts) = if checkout.is_linked_worktree() {
        (here.labels()?.1, checkouts(backend)?)
    } else {
        (String::new(), Vec::new())
    };
    let decided = project_name::decide(&NameInput {
        checkout,
        instance: &instance,
        own_name: &input.model.name,
        project_folder: &project.files.project_folder,
        source: project.name_source(),
        other_checkouts: &other_checkouts,
        folder: &project.folder,
        records: input.allocates,
    })?;
    Ok(decided)
}

/// Leaves the container names to Compose, because the engine has each only once.
fn reset_container_names(model: &Model, services: &mut Vec<OverriddenService>) {
    let named = model
        .services
        .iter()
        .filter(|it| it.container_name.is_some());
    for service in named {
        let mut known = services.iter_mut();
        match known.find(|it| it.name == service.name) {
            Some(known) => known.resets_container_name = true,
            None => services.push(OverriddenService {
                name: service.name.clone(),
                resets_container_name: true,
                ..OverriddenService::default()
            }),
        }
    }
}

/// The roots of all checkouts in the registry.
fn checkouts(backend: &dyn Backend) -> Result<Vec<PathBuf>, CommandError> {
    let all = backend.list(&Filter::new())?.into_iter();
    let mut roots: Vec<PathBuf> = all.filter_map(|it| Some(it.dir?.to_path_buf())).collect();
    roots.sort();
    roots.dedup();
    Ok(roots)
}
