//! Entry points for the fuzzer. They panic on wrong results.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use port_registry::{Allocation, PortctlToml};

use crate::declared::{Declarations, FileContent, References};
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

/// Reads the data as `portctl.toml`, and computes its variables. Checks that every line it names is in the file.
///
/// # Panics
///
/// Panics on a wrong result.
pub fn declarations(data: &[u8]) {
    let Ok(text) = String::from_utf8(data.to_owned()) else {
        return;
    };
    let lines = 1..=text.split('\n').count();
    let file = PortctlToml::new(PathBuf::from("file"), text);
    let declared = match Declarations::of(&file, &BTreeMap::new) {
        Ok(declared) => declared,
        Err(report) => {
            let line = report.error.split(':').nth(1).map(str::parse);
            let Some(Ok(line)) = line else {
                panic!("no line in {}", report.error);
            };
            assert!(lines.contains(&line), "{}", report.error);
            assert!(report.hint.is_some());
            return;
        }
    };
    let services = declared.services.iter();
    assert!(services.clone().all(|it| lines.contains(&it.line)));
    let allocations = services.map(|it| allocation(&it.name, 3000));
    let allocations: Vec<Allocation> = allocations.collect();
    let labels = ("app".to_owned(), "Feature/1".to_owned());
    let references = References::new(&allocations, labels);
    let mut computed: Vec<_> = declared.env.iter().collect();
    for file in &declared.files {
        assert!(lines.contains(&file.line) && file.path.is_relative());
        if let FileContent::Computed(variables) = &file.content {
            computed.extend(variables);
        }
    }
    for variable in computed {
        assert!(lines.contains(&variable.line));
        let value = variable.value.render(&references).unwrap();
        assert!(!value.chars().any(char::is_control), "{value:?}");
    }
}

/// Makes an allocation of a service.
pub(crate) fn allocation(service: &str, port: u16) -> Allocation {
    let allocation = serde_json::json!({
        "id": 1,
        "app": "shop",
        "instance": "main",
        "service": service,
        "port": port,
        "created_at": "2026-01-01T00:00:00Z",
    });
    serde_json::from_value(allocation).unwrap()
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
