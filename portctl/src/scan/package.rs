//! The scripts of `package.json`.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::lines::LineIndex;
use super::walk::ProjectFile;
use super::{FileKind, PortCandidate, Project, ScanResult, Variables, shell};

/// npm reads nothing but JSON.
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

pub(super) fn recognizes(place: &ProjectFile) -> bool {
    place.name() == "package.json"
}

pub(super) fn scan(project: &Project, scan: &mut ScanResult) {
    for place in project.files(recognizes) {
        let Some(text) = scan.read(place) else {
            continue;
        };
        let package = match parse_to_ast(&text, &CollectOptions::default(), &STRICT) {
            Ok(parsed) => parsed.value,
            Err(error) => {
                scan.note(place, None, format!("cannot be read as JSON: {error}"));
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
            let line = lines.at(script.start());
            let name = place.service(script.name.as_str());
            // What a script finds in the environment is not in these files, so that the default of a
            // variable may not be what counts.
            for found in shell::ports(&name, &command.value, &Variables::new()) {
                let guess = found.guess || !found.origin.variables.is_empty();
                let found = PortCandidate { guess, ..found };
                scan.find(place, FileKind::Package, line, found);
            }
        }
    }
}
