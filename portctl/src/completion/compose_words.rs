//! Completes the words of Docker Compose, by asking docker as its own scripts do.

use std::process::{Command, Stdio};

use super::completions::{Candidate, Completions};
use crate::compose::arguments::{Arguments, PRINT};

/// The parts of docker's answer that tell the kind of the word.
const NO_FILES: u8 = 4;
const FILES_WITH_ENDING: u8 = 8;
const FOLDERS: u8 = 16;

/// The most lines that are read.
const MAX_LINES: usize = 2000;

/// Finds completions of a word behind `portctl compose`.
pub(super) fn completions(before: &[String], word: &str) -> Completions {
    let is_flag = word.starts_with('-');
    let end = word.find('=').filter(|_| is_flag);
    let prefix = word[..end.map_or(0, |it| it + 1)].to_owned();
    let (mut candidates, directive) = asked(before, word).unwrap_or_default();
    let typed: Vec<_> = before.iter().map(Into::into).collect();
    let typed = Arguments::read(&typed);
    if is_flag && prefix.is_empty() && !typed.has_command() && typed.are_understood() {
        candidates.push(Candidate::new(PRINT, "print the override"));
    }
    let are_files = directive & (FILES_WITH_ENDING | FOLDERS) != 0;
    if are_files || (candidates.is_empty() && directive & NO_FILES == 0) {
        return Completions::Files { prefix };
    }
    Completions::Words { prefix, candidates }
}

/// Asks docker. The last line of its answer is a number behind a colon.
fn asked(before: &[String], word: &str) -> Option<(Vec<Candidate>, u8)> {
    let mut command = Command::new("docker");
    command
        .args(["__complete", "compose"])
        .args(before)
        .arg(word);
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (lines, directive) = text
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or(("", text.trim()));
    let directive = directive.strip_prefix(':')?.parse().ok()?;
    let candidates = lines.lines().take(MAX_LINES).map(|line| {
        let (word, description) = line.split_once('\t').unwrap_or((line, ""));
        Candidate::new(word, description)
    });
    Some((candidates.collect(), directive))
}
