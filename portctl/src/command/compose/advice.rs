//! Advice where Docker Compose cannot take an override.

use std::path::Path;

use port_registry::variable_name;

use super::project::Project;
use crate::compose::override_text::Override;
use crate::compose::program::{DOCKER_COMPOSE, NEEDED, NamedVersion, Program};
use crate::env_file::read_small;
use crate::environment;
use crate::report::Report;
use crate::scan::{self, ComposeOutline, FixedEntry};

/// The most changes of files that a hint lists.
const MAX_CHANGES: usize = 5;

/// Returns the version of a Compose that is too old for an override. One that does not tell its version is left to fail by
/// itself.
pub(super) fn old_version(program: Program) -> Option<NamedVersion> {
    program.version().filter(|it| it.version < NEEDED)
}

/// Reports a Compose that is too old to be asked for the project.
pub(super) fn too_old(project: &Project, found: &NamedVersion) -> Report {
    let ports = Ports::of(project);
    let mut changes = ports.changes;
    if changes.is_empty() {
        changes.push(EXAMPLE.to_owned());
    }
    let changes = listed(changes);
    let line = match found.name {
        DOCKER_COMPOSE => DOCKER_COMPOSE,
        _ => "docker compose",
    };
    problem(found).hint(format!(
        "update it, or {changes}; then `portctl run -- {line} up` gives it the ports"
    ))
}

/// Reports a Compose that is too old for the override with these changes.
pub(super) fn too_old_for(project: &Project, found: &NamedVersion, needed: &Override) -> Report {
    let mut services = needed.services.iter();
    let has_ports = services.clone().any(|it| it.ports.is_some());
    let has_names = services.any(|it| it.resets_container_name);
    let mut changes = Vec::new();
    let mut step = "repeat the command";
    if has_ports {
        step = "`portctl run -- portctl compose up` gives it the ports";
        let ports = Ports::of(project);
        changes = ports.changes;
        if changes.is_empty() && !ports.have_variables {
            changes.push(EXAMPLE.to_owned());
        }
    }
    if has_names {
        changes.extend(container_names(project));
    }
    let hint = if changes.is_empty() {
        format!("update it; {step} by the variables of its files")
    } else {
        format!("update it, or {}; then {step}", listed(changes))
    };
    problem(found).hint(hint)
}

/// The change of files in which no fixed port is found.
const EXAMPLE: &str = "write a variable into the Compose file, such as \"${DB_PORT:-5432}:5432\"";

fn problem(found: &NamedVersion) -> Report {
    let NamedVersion { name, version } = found;
    Report::new(format!(
        "{name} {version} cannot take other ports and container names than those of its files: that needs Docker \
         Compose {NEEDED}"
    ))
}

/// The published ports of the files.
struct Ports {
    /// The entries to write in place of the fixed ones.
    changes: Vec<String>,
    have_variables: bool,
}

impl Ports {
    fn of(project: &Project) -> Ports {
        let environment = environment::all();
        let mut ports = Ports {
            changes: Vec::new(),
            have_variables: false,
        };
        for path in project.files.paths() {
            let found = scan::scan(&path, &environment).unwrap_or_default();
            for it in &found.ports {
                ports.have_variables |= !it.origin.variables.is_empty();
                let Some(FixedEntry { before, behind }) = &it.origin.published else {
                    continue;
                };
                let (variable, port) = (variable_name(&it.service), it.port);
                ports.changes.push(format!(
                    "write \"{before}${{{variable}:-{port}}}{behind}\" into {}",
                    place(project, &path, it.line)
                ));
            }
        }
        ports
    }
}

/// Lists the fixed names of containers in the files, as changes.
fn container_names(project: &Project) -> Vec<String> {
    let mut changes = Vec::new();
    for path in project.files.paths() {
        let text = read_small(&path).unwrap_or_default();
        let outline = ComposeOutline::of(&String::from_utf8_lossy(&text));
        for (name, line) in outline.unwrap_or_default().container_names {
            changes.push(format!(
                "remove `container_name: {name}` from {}",
                place(project, &path, line)
            ));
        }
    }
    changes
}

fn place(project: &Project, path: &Path, line: usize) -> String {
    let path = path.strip_prefix(&project.current).unwrap_or(path);
    format!("{}:{line}", path.display())
}

/// Joins changes, and leaves out those that are too many.
fn listed(mut changes: Vec<String>) -> String {
    let more = changes.len().saturating_sub(MAX_CHANGES);
    changes.truncate(MAX_CHANGES);
    if more > 0 {
        changes.push(format!("and {more} more"));
    }
    changes.join(", ")
}
