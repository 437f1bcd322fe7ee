//! Procfiles, with the syntax of foreman and similar runners: `name: command`.

use super::command_line;
use super::fixed_port::FileKind;
use super::project::{Project, env_file};
use super::project_file::ProjectFile;
use super::result::ScanResult;

pub(super) fn recognizes(file: &ProjectFile) -> bool {
    file.name() == "Procfile" || file.name().starts_with("Procfile.")
}

pub(super) fn scan(project: &Project, result: &mut ScanResult) {
    for file in project.files(recognizes) {
        let Some(text) = result.read(file) else {
            continue;
        };
        let variables = project.variables_of(file.folder());
        for (number, line) in (1..).zip(text.lines()) {
            let Some((name, command)) = process(line) else {
                continue;
            };
            for mut candidate in
                command_line::ports(&file.service(name), command, &variables.values)
            {
                candidate.guess |= variables.are_uncertain(&candidate.origin.variables);
                candidate.origin.env_file = Some(env_file(file.folder()));
                result.add(file, FileKind::Procfile, number, candidate);
            }
        }
    }
}

/// Splits a line into the process type and its command.
fn process(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let name = name.trim();
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    is_name.then_some((name, command.trim()))
}
