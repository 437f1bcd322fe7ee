//! Advice where Docker Compose cannot take an override.

use port_registry::variable_name;

use super::project::Project;
use crate::command_error::CommandError;
use crate::compose::program::{DOCKER_COMPOSE, NEEDED, NamedVersion, Program};
use crate::environment;
use crate::report::Report;
use crate::scan::{self, FixedEntry};

/// The exit code of shells for a program that is not found.
const EXIT_NOT_FOUND: u8 = 127;

/// Refuses a Compose that is too old for an override.
pub(super) fn check_version(program: Program, project: &Project) -> Result<(), Report> {
    match program.version() {
        Some(found) if found.version < NEEDED => Err(too_old(project, &found)),
        // One that does not tell its version is left to fail by itself.
        _ => Ok(()),
    }
}

/// Reports a Compose that is too old.
pub(super) fn too_old(project: &Project, found: &NamedVersion) -> Report {
    let NamedVersion { name, version } = found;
    let entry = fixed_entry(project).unwrap_or_else(|| {
        "a variable into the Compose file, such as \"${DB_PORT:-5432}:5432\"".to_owned()
    });
    let line = match *name {
        DOCKER_COMPOSE => DOCKER_COMPOSE,
        _ => "docker compose",
    };
    Report::new(format!(
        "{name} {version} cannot take other ports than those of its files: that needs Docker Compose {NEEDED}"
    ))
    .hint(format!(
        "update it, or write {entry}; then `portctl run -- {line} up` gives it the ports"
    ))
}

/// Reports that there is no Compose.
pub(super) fn missing() -> CommandError {
    CommandError::NotRun {
        report: Report::new("there is no Docker Compose on the PATH")
            .hint("install it: https://docs.docker.com/compose/install/"),
        code: EXIT_NOT_FOUND,
    }
}

/// Finds the first fixed port in the files, and the entry to write in its place.
fn fixed_entry(project: &Project) -> Option<String> {
    let environment = environment::all();
    let paths = project.files.paths();
    paths.iter().find_map(|path| {
        let found = scan::scan(path, &environment).ok()?;
        found.ports.iter().find_map(|it| {
            let FixedEntry { before, behind } = it.origin.published.as_ref()?;
            let (variable, port) = (variable_name(&it.service), it.port);
            Some(format!(
                "\"{before}${{{variable}:-{port}}}{behind}\" into {}:{}",
                path.strip_prefix(&project.current)
                    .unwrap_or(path)
                    .display(),
                it.line
            ))
        })
    })
}
