//! Checks the links between the repository's documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// Returns the Markdown files in a folder and below.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let is_skipped = |entry: &DirEntry| {
        let names = ["target", "node_modules", ".git"];
        names.iter().any(|it| entry.file_name() == *it)
    };
    WalkDir::new(folder)
        .into_iter()
        .filter_entry(|it| !(it.file_type().is_dir() && is_skipped(it)))
        .map(|it| it.unwrap().into_path())
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// Returns the lines of a document outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns the names by which links reach the headings of a document.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter_map(|line| line.strip_prefix('#'));
    let headings = headings.map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let heading = heading.to_lowercase().replace(' ', "-");
        let is_kept = |c: &char| c.is_alphanumeric() || *c == '-' || *c == '_';
        heading.chars().filter(is_kept).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_between_documents_lead_to_files_and_headings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut checked = 0;
    for document in documents(&root) {
        let text = fs::read_to_string(&document).unwrap();
        for line in prose(&text) {
            let links = line.split("](").skip(1);
            for link in links.filter_map(|rest| rest.split(')').next()) {
                // Pages of other sites, and those that the host of the repository makes.
                if link.contains("://") || link.ends_with("../releases") {
                    continue;
                }
                let place = format!("{}: {link}", document.display());
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = match path {
                    "" => document.clone(),
                    path => document.parent().unwrap().join(path),
                };
                assert!(target.exists(), "{place}");
                if !anchor.is_empty() {
                    let target = fs::read_to_string(&target).unwrap();
                    assert!(anchors(&target).contains(anchor), "{place}");
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked} links");
}
