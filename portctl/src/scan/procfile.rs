//! Procfiles, as foreman and its kin read them: `name: command`.

use super::walk::ProjectFile;
use super::{FileKind, Project, ScanResult, env_file, shell};

pub(super) fn recognizes(place: &ProjectFile) -> bool {
    place.name() == "Procfile" || place.name().starts_with("Procfile.")
}

pub(super) fn scan(project: &Project, scan: &mut ScanResult) {
    for place in project.files(recognizes) {
        let Some(text) = scan.read(place) else {
            continue;
        };
        let variables = project.variables_of(&[place.folder()]);
        for (number, line) in (1..).zip(text.lines()) {
            let Some((name, command)) = process(line) else {
                continue;
            };
            for mut found in shell::ports(&place.service(name), command, &variables) {
                found.origin.env_file = Some(env_file(place.folder()));
                scan.find(place, FileKind::Procfile, number, found);
            }
        }
    }
}

/// The process's type and its command.
fn process(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let name = name.trim();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    is_name.then_some((name, command.trim()))
}
