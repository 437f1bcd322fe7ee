//! The scripts of `package.json`.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::command_line;
use super::fixed_port::{FileKind, PortCandidate};
use super::line_index::LineIndex;
use super::project::Project;
use super::project_file::ProjectFile;
use super::result::ScanResult;
use super::variables::Variables;

/// Plain JSON, the only form that npm reads.
pub(super) const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn recognizes(file: &ProjectFile) -> bool {
    file.name() == "package.json"
}

pub(super) fn scan(project: &Project, result: &mut ScanResult) {
    for file in project.files(recognizes) {
        let Some(text) = result.read(file) else {
            continue;
        };
        let package = match parse_to_ast(&text, &CollectOptions::default(), &STRICT) {
            Ok(parsed) => parsed.value,
            Err(error) => {
                result.note(file, None, format!("cannot be read as JSON: {error}"));
                continue;
            }
        };
        let Some(Value::Object(package)) = &package else {
            continue;
        };
        let Some(scripts) = package.get_object("scripts") else {
            continue;
        };
        let lines = LineIndex::of(&text);
        for script in &scripts.properties {
            let Value::StringLit(command) = &script.value else {
                continue;
            };
            let line = lines.line_of(script.start());
            let name = file.service(script.name.as_str());
            // A script may run with other variables than a scan can know, so the default of a variable is a guess.
            for mut candidate in command_line::ports(&name, &command.value, &Variables::new()) {
                candidate.origin.script = Some(script.name.as_str().to_owned());
                let guess = candidate.guess || !candidate.origin.variables.is_empty();
                let candidate = PortCandidate { guess, ..candidate };
                result.add(file, FileKind::Package, line, candidate);
            }
        }
    }
}
