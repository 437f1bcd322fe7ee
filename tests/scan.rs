//! What `portctl scan` finds in projects, against what was written down beside each; and what it
//! registers.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Ran, Sandbox};

const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");

/// The projects and what is to be found in them; see `scan/README.md`.
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scan/cases");

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(CASES).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// Copies a project. A folder that is to be a checkout has `dot-git` for `.git`, which git would not
/// take.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let target = match name.to_str() {
            Some("dot-git") => to.join(".git"),
            _ => to.join(&name),
        };
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What a scan of a case has to say otherwise, if anything.
fn difference(case: &Path) -> Option<String> {
    let expected = fs::read(case.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let sandbox = Sandbox::new();
    let project = sandbox.work().join("project");
    copy(&case.join("project"), &project);
    let mut command = sandbox.command(PORTCTL);
    command.args(["scan", "--json"]).current_dir(&project);
    command.args(expected["path"].as_str());
    let ran = Ran::of(&mut command);
    if ran.code != Some(0) {
        return Some(ran.stderr);
    }
    let mut found: Value = serde_json::from_str(&ran.stdout).unwrap();
    for finding in found.as_array_mut().unwrap() {
        let finding = finding.as_object_mut().unwrap();
        assert_eq!(finding.remove("registry"), Some(json!("free")));
        finding.remove("listener");
    }
    let mut different = String::new();
    if found != expected["findings"] {
        let lines = |findings: &Value| {
            let lines: Vec<String> = findings
                .as_array()
                .unwrap()
                .iter()
                .map(Value::to_string)
                .collect();
            lines.join("\n    ")
        };
        different += &format!(
            "  found\n    {}\n  instead of\n    {}\n",
            lines(&found),
            lines(&expected["findings"])
        );
    }
    let notes: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected = expected["notes"].as_array().unwrap();
    let is_meant = |note: &Value, expected: &Value| {
        note["file"] == expected["file"]
            && note["line"] == expected["line"]
            && note["note"]
                .as_str()
                .unwrap()
                .contains(expected["about"].as_str().unwrap())
    };
    let are_told = expected
        .iter()
        .all(|expected| notes.iter().any(|note| is_meant(note, expected)));
    if notes.len() != expected.len() || !are_told {
        different += &format!("  noted {notes:?}\n  instead of {expected:?}\n");
    }
    (!different.is_empty()).then_some(different)
}

#[test]
fn every_project_has_the_ports_that_were_written_down() {
    let cases = cases();
    assert!(cases.len() >= 40);
    let different: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let name = case.file_name().unwrap().to_string_lossy();
            Some(format!("{name}\n{}", difference(case)?))
        })
        .collect();
    assert!(different.is_empty(), "\n{}", different.join("\n"));
}
