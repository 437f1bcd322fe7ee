//! The completions of the word at the cursor.

use std::iter;

use super::completions::{Candidate, Completions};
use super::compose_words;
use super::line::{Expected, Flag, TypedLine};
use super::values::{self, Values};
use crate::args::{ALIASES, HELP_FLAGS, HELP_MEANING};

/// The word before the command of `portctl run`.
const END_OF_FLAGS: &str = "--";

/// Finds completions of a word, which may be empty.
pub(super) fn completions(line: &TypedLine, word: &str) -> Completions {
    match line.next {
        Expected::OfProgram(index) => Completions::Command(index),
        Expected::OfCompose => compose_words::completions(&line.plain, word),
        Expected::Value(flag) => value(line, flag, "", word),
        Expected::Plain => plain(line, word),
        Expected::Any => match line.flag_with_value(word) {
            Some((flag, before, typed)) => value(line, flag, before, typed),
            None if word.starts_with('-') => words(flags(line)),
            None if !line.command.commands.is_empty() => words(commands(line)),
            None => plain_or_flags(line, word),
        },
        Expected::Nothing => words(Vec::new()),
    }
}

fn words(candidates: Vec<Candidate>) -> Completions {
    Completions::Words {
        prefix: String::new(),
        candidates,
    }
}

fn value(line: &TypedLine, flag: &Flag, prefix: &str, typed: &str) -> Completions {
    let prefix = prefix.to_owned();
    match values::of_flag(line, flag, typed) {
        Values::Files => Completions::Files { prefix },
        Values::Candidates(mut candidates) => {
            if prefix.is_empty() {
                // The parser may take it for a flag. `--flag=value` is always a value.
                candidates.retain(|it| !it.word.starts_with('-'));
            }
            Completions::Words { prefix, candidates }
        }
    }
}

/// Completes a word that is not a flag, whatever it begins with.
fn plain(line: &TypedLine, word: &str) -> Completions {
    let Some(positional) = line.positional() else {
        return words(Vec::new());
    };
    match values::of_positional(line, positional, word) {
        Values::Files => Completions::Files {
            prefix: String::new(),
        },
        Values::Candidates(candidates) => words(candidates),
    }
}

/// Completes a plain word. If there is none to offer, the flags are offered, because only they can follow.
fn plain_or_flags(line: &TypedLine, word: &str) -> Completions {
    let Completions::Words {
        prefix,
        mut candidates,
    } = plain(line, word)
    else {
        return Completions::Files {
            prefix: String::new(),
        };
    };
    candidates.retain(|it| !it.word.starts_with('-') && it.word != "help");
    if line.runs_programs() {
        candidates.push(end_of_flags());
    }
    if candidates.is_empty() && word.is_empty() {
        candidates = flags(line);
    }
    Completions::Words { prefix, candidates }
}

fn commands(line: &TypedLine) -> Vec<Candidate> {
    let commands = line.command.commands.iter();
    let named = commands.flat_map(|it| names(it.name).map(|name| (name, it.command.description)));
    named
        .map(|(name, description)| Candidate::new(name, description))
        .collect()
}

/// Returns the name and the aliases of a command.
fn names(command: &'static str) -> impl Iterator<Item = &'static str> {
    let aliases = ALIASES.iter().filter(move |(_, it)| *it == command);
    iter::once(command).chain(aliases.map(|(alias, _)| *alias))
}

fn flags(line: &TypedLine) -> Vec<Candidate> {
    let flags = line.further_flags();
    let mut candidates: Vec<Candidate> = flags
        .flat_map(|flag| {
            let short = flag.short.map(|short| format!("-{short}"));
            let names = short.into_iter().chain([flag.long.to_owned()]);
            names.map(|name| Candidate::new(name, flag.description))
        })
        .collect();
    candidates.extend(HELP_FLAGS.map(|name| Candidate::new(name, HELP_MEANING)));
    if line.runs_programs() {
        candidates.push(end_of_flags());
    }
    candidates
}

fn end_of_flags() -> Candidate {
    Candidate::new(END_OF_FLAGS, "the command follows")
}
