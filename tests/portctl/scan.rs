//! Runs `portctl scan` on sample projects and compares the results with the file beside each.

use std::fs;
use std::path::{Path, PathBuf};

use crate::PORTCTL;
use serde_json::{Value, json};
use test_support::{Ran, Sandbox};

/// The sample projects, each with an `expected.json`.
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scan/cases");

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(CASES).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// Copies a project. A nested checkout has `dot-git` in place of `.git`, because git does not track the latter.
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

/// Scans a case. Returns a description of the difference from the expected result, if any.
fn difference(case: &Path) -> Option<String> {
    let expected = fs::read(case.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let sandbox = Sandbox::in_memory();
    let project = sandbox.work().join("project");
    copy(&case.join("project"), &project);
    let mut command = sandbox.command(PORTCTL);
    command.args(["scan", "--json"]).current_dir(&project);
    let ran = Ran::of(command.args(expected["path"].as_str()));
    if ran.code != Some(0) {
        return Some(ran.stderr);
    }
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut found = found.as_array().unwrap().clone();
    for finding in &mut found {
        let finding = finding.as_object_mut().unwrap();
        assert_eq!(finding.remove("registry"), Some(json!("free")));
        // These depend on the programs that run on this machine, and on connections that were closed.
        for of_system in ["usage", "listener"] {
            finding.remove(of_system);
        }
    }
    let notes = ran.stderr.lines().map(serde_json::from_str);
    let notes: Vec<Value> = notes.collect::<Result<_, _>>().unwrap();
    let expected_notes = expected["notes"].as_array().unwrap();
    let is_noted = |expected: &Value| {
        notes.iter().any(|note| {
            let text = note["note"].as_str().unwrap();
            note["file"] == expected["file"]
                && note["line"] == expected["line"]
                && text.contains(expected["about"].as_str().unwrap())
        })
    };
    let is_as_expected = json!(found) == expected["findings"]
        && notes.len() == expected_notes.len()
        && expected_notes.iter().all(is_noted);
    (!is_as_expected).then(|| {
        let expected = expected["findings"].as_array().unwrap();
        let [found, expected] = [&found, expected].map(|it| lines(it));
        let [notes, expected_notes] = [&notes, expected_notes].map(|it| lines(it));
        format!(
            "{found}\ninstead of\n{expected}\nwith notes\n{notes}\ninstead of\n{expected_notes}"
        )
    })
}

fn lines(values: &[Value]) -> String {
    let lines: Vec<String> = values.iter().map(|it| format!("  {it}")).collect();
    lines.join("\n")
}

#[test]
fn every_sample_project_has_the_expected_ports() {
    let cases = cases();
    assert_eq!(cases.len(), 130);
    let different = cases.iter().filter_map(|case| {
        let name = case.file_name().unwrap().to_string_lossy();
        Some(format!("{name}: found\n{}", difference(case)?))
    });
    let different: Vec<String> = different.collect();
    assert!(different.is_empty(), "\n{}", different.join("\n\n"));
}
