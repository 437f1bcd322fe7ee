//! Answers to words in place of a command.

use std::ffi::OsString;

use super::aliases::{ALIASES, resolved};
use super::definition::{PROGRAM, RUN, commands_below};
use super::other_tools::{self, Advice};
use super::suggested::{did_you_mean, replaced, words_of};
use super::words::Word;
use crate::service_name::{LikelyMeaning, meaning_of_word, port_of};
use crate::suggestion;

/// A command that was meant.
struct Meant {
    name: &'static str,
    /// True for a word of another tool, whose arguments may be unknown here.
    is_foreign: bool,
}

/// Returns the hint about a word that is no command, or `None` if nothing is known about it.
pub(super) fn hint(word: &Word, path: &[&str], typed: &[OsString]) -> Option<String> {
    if !path.is_empty() {
        let names = commands_below(path).iter().map(|it| it.name);
        let name = suggestion::closest(&word.text, names)?;
        let path = [path, &[name]].concat().join(" ");
        let suggested = did_you_mean(&replaced(typed, word.at, &[name]));
        return Some(suggested.unwrap_or_else(|| explained(&path)));
    }
    if word.text == PROGRAM {
        return did_you_mean(&replaced(typed, word.at, &[]));
    }
    let behind = typed.iter().skip(word.at + 1);
    let behind: Vec<String> = behind.map(|it| it.to_string_lossy().into_owned()).collect();
    match other_tools::advice(&word.text, &behind) {
        Some(Advice::Text(text)) => return Some(text),
        Some(Advice::Run) => {
            let (flags, command) = typed.split_at(word.at);
            let line = [&words_of(&[RUN]), flags, &words_of(&["--"]), command].concat();
            return Some(did_you_mean(&line).unwrap_or_else(|| explained(RUN)));
        }
        Some(Advice::Command(name)) => {
            let is_foreign = true;
            return Some(command_hint(&Meant { name, is_foreign }, word.at, typed));
        }
        None => {}
    }
    let names = commands_below(path).iter().map(|it| it.name);
    let aliases = ALIASES.iter().map(|(alias, _)| *alias);
    if let Some(name) = suggestion::closest(&word.text, names.chain(aliases)) {
        let is_foreign = false;
        return Some(command_hint(&Meant { name, is_foreign }, word.at, typed));
    }
    other_word(word)
}

/// Suggests a command, with the words behind it in the form that it takes.
fn command_hint(meant: &Meant, at: usize, typed: &[OsString]) -> String {
    let name = resolved(meant.name);
    let behind = &typed[at + 1..];
    // Bare `release` releases all ports, which a word of another tool hardly means.
    if name == "release" && behind.is_empty() && meant.is_foreign {
        return explained(name);
    }
    let line = replaced(typed, at, &[meant.name]);
    let mut ports = behind
        .iter()
        .filter_map(|it| port_of(&it.to_string_lossy()));
    let port = ports.next().map(|it| it.to_string());
    let other = match (name, port) {
        ("get" | "allocate", _) if !behind.is_empty() => with_ports(&line, at + 1),
        ("get" | "allocate", _) => words_of(&[name, "web"]),
        ("check", Some(port)) if meant.is_foreign => words_of(&[name, &port]),
        ("check", _) if behind.is_empty() => words_of(&[name, "3000"]),
        ("list" | "start", _) if meant.is_foreign => words_of(&[name]),
        (RUN, _) if behind.is_empty() => words_of(&[name, "web", "--", "npm", "run", "dev"]),
        _ => Vec::new(),
    };
    let suggested = did_you_mean(&line).or_else(|| did_you_mean(&other));
    suggested.unwrap_or_else(|| explained(name))
}

/// The words with `--port` before each port, from a position on.
fn with_ports(line: &[OsString], from: usize) -> Vec<OsString> {
    let words = line.iter().enumerate().flat_map(|(at, word)| {
        let meaning = meaning_of_word(&word.to_string_lossy()).filter(|_| at >= from);
        match meaning {
            Some(LikelyMeaning::Port(port)) => words_of(&["--port", &port.to_string()]),
            Some(LikelyMeaning::ServiceAndPort(name, port)) => {
                words_of(&[&name, "--port", &port.to_string()])
            }
            _ => vec![word.clone()],
        }
    });
    words.collect()
}

/// Returns the hint about a word that resembles no command.
fn other_word(word: &Word) -> Option<String> {
    match meaning_of_word(&word.text) {
        Some(LikelyMeaning::Port(port)) => {
            return did_you_mean(&words_of(&["check", &port.to_string()]));
        }
        Some(LikelyMeaning::ServiceAndPort(name, port)) => {
            return did_you_mean(&words_of(&["get", &name, "--port", &port.to_string()]));
        }
        _ => {}
    }
    Some(format!(
        "`{PROGRAM} --help` lists the commands; a service follows one, as in `{PROGRAM} get web`"
    ))
}

/// Names a command whose arguments are not known.
fn explained(command: &str) -> String {
    format!("`{PROGRAM} {command} --help` explains the command that this may be")
}
