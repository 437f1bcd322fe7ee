//! Entry point for the fuzzer. It panics on wrong results.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::scan::{self, ScanResult};

/// Names of the files that are scanned, one of each format.
const NAMES: [&str; 5] = [
    "compose.yaml",
    "Procfile",
    "devcontainer.json",
    "package.json",
    ".env",
];

/// Scans the data as a file of each format.
pub fn project_file(data: &[u8]) {
    for name in NAMES {
        scan_file(name, data);
    }
}

/// Scans a folder with one file, and checks that every port and note is on one of its lines.
pub(crate) fn scan_file(name: &str, text: &[u8]) -> ScanResult {
    let folder = tempfile::tempdir().unwrap();
    let path = match name {
        "devcontainer.json" => folder.path().join(".devcontainer").join(name),
        _ => folder.path().join(name),
    };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    let result = scan::scan(folder.path(), &BTreeMap::new()).unwrap();
    let lines = line_count(text);
    for fixed in &result.ports {
        let is_in_file = (1..=lines).contains(&fixed.line);
        assert!(is_in_file && Path::new(&fixed.file) == path, "{fixed:?}");
    }
    for note in &result.notes {
        assert!(
            note.line.is_none_or(|line| (1..=lines).contains(&line)),
            "{note:?}"
        );
    }
    result
}

/// Counts the lines of a text. A carriage return of its own ends a line, too, as in YAML 1.2, section 5.4.
fn line_count(text: &[u8]) -> usize {
    let mut previous = 0;
    let is_break = |&byte: &u8| {
        let is_break = byte == b'\n' || previous == b'\r';
        previous = byte;
        is_break
    };
    text.split(is_break).count() + usize::from(text.ends_with(b"\r"))
}
