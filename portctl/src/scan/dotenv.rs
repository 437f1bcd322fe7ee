//! Ports in `.env` files.

use std::cmp::Reverse;

use super::compose::PortVariables;
use super::env_assignments::parse;
use super::fixed_port::{FileKind, PortCandidate, PortOrigin};
use super::port_number::parse_port;
use super::project::Project;
use super::project_file::ProjectFile;
use super::result::ScanResult;
use super::walk;

/// The files that apply during development, in ascending order of precedence. Files for production and example
/// files are not scanned.
const NAMES: [&str; 4] = [
    ".env",
    ".env.development",
    ".env.local",
    ".env.development.local",
];

/// The service of `PORT` in the scanned folder itself.
const DEFAULT_SERVICE: &str = "web";

pub(super) fn recognizes(file: &ProjectFile) -> bool {
    NAMES.contains(&file.name()) || (file.is_named && file.name().starts_with(".env"))
}

/// Finds ports in `.env` files, except those of variables that Compose files use: these are already found there.
pub(super) fn scan(project: &Project, used_by_compose: &PortVariables, result: &mut ScanResult) {
    let mut files: Vec<&ProjectFile> = project.files(recognizes).collect();
    // Tools that read several files of a folder let the last one win, so scan that one first.
    let precedence = |file: &ProjectFile| NAMES.iter().position(|name| *name == file.name());
    files.sort_by_key(|file| (file.folder(), Reverse(precedence(file))));
    for file in files {
        let Some(text) = result.read(file) else {
            continue;
        };
        let used = used_by_compose.get(&walk::normalized(&file.path));
        let is_used = |name: &str| used.is_some_and(|used| used.contains(name));
        for assignment in parse(&text, project.environment) {
            let Some(port) = parse_port(&assignment.value) else {
                continue;
            };
            let Some(service) = service_of(file, &assignment.name) else {
                continue;
            };
            if assignment.is_managed || is_used(&assignment.name) {
                continue;
            }
            let candidate = PortCandidate {
                service,
                port,
                // `DB_PORT` may be the port of a server on another machine.
                guess: assignment.name != "PORT",
                implied: false,
                origin: PortOrigin::default(),
            };
            result.add(file, FileKind::Dotenv, assignment.line, candidate);
        }
    }
}

/// Derives the service from a variable's name: the inverse of the names that `portctl env` generates.
fn service_of(file: &ProjectFile, variable: &str) -> Option<String> {
    if variable == "PORT" {
        return Some(match &file.subfolder {
            Some(folder) => folder.clone(),
            None => DEFAULT_SERVICE.to_owned(),
        });
    }
    let name = variable.strip_suffix("_PORT")?.trim_matches('_');
    let name = name.to_ascii_lowercase().replace('_', "-");
    (!name.is_empty()).then(|| file.service(&name))
}
