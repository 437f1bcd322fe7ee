//! The program or script that a simple command reaches through env, npx, uv run, npm run and the like.

use super::interpreter::interpreted;
use super::package_manager::{Managed, managed};
pub(crate) use super::package_manager::{ScriptCall, ScriptRunner};
use super::words::{assignment, base_name};
use super::wrapper::{is_wrapper, wrapped};

/// Limit for wrappers within wrappers.
const MAX_DEPTH: usize = 8;

/// Programs that start several others.
const SEVERAL: &[&str] = &[
    "conc",
    "concurrently",
    "foreman",
    "hivemind",
    "honcho",
    "just",
    "lerna",
    "make",
    "mprocs",
    "npm-run-all",
    "npm-run-all2",
    "nx",
    "overmind",
    "process-compose",
    "run-p",
    "run-pty",
    "run-s",
    "task",
    "turbo",
];

/// A command without the wrappers around it.
#[derive(Debug)]
pub(crate) struct InnerCommand<'a> {
    pub(crate) assignments: Vec<(&'a str, &'a str)>,
    pub(crate) reached: Reached<'a>,
}

#[derive(Debug)]
pub(crate) enum Reached<'a> {
    Program {
        name: &'a str,
        /// The offset of its first argument.
        arguments_at: usize,
        /// Only the words behind a `--` reach the program.
        behind_dashes: bool,
    },
    Script(ScriptCall<'a>),
    /// A program that starts several others, and the offset of its arguments.
    Several {
        name: &'a str,
        arguments_at: usize,
    },
    /// Scripts of several packages, or of another one than the current.
    OtherPackages,
    /// An unknown wrapper, or an unknown flag of a known one.
    Unknown,
}

/// Looks through the wrappers of a simple command.
pub(crate) fn inner_command<'a>(words: &[&'a str]) -> InnerCommand<'a> {
    let mut assignments = Vec::new();
    let reached = reach(words, &mut assignments).unwrap_or(Reached::Unknown);
    InnerCommand {
        assignments,
        reached,
    }
}

fn reach<'a>(words: &[&'a str], assignments: &mut Vec<(&'a str, &'a str)>) -> Option<Reached<'a>> {
    let mut at = 0;
    let mut behind_dashes = false;
    let mut runs_package = false;
    for _ in 0..MAX_DEPTH {
        while let Some(assigned) = words.get(at).and_then(|word| assignment(word)) {
            assignments.push(assigned);
            at += 1;
        }
        let rest = words.get(at..)?;
        let word = *rest.first()?;
        if behind_dashes {
            // A wrapper behind `npm exec` without a `--` would lose its flags.
            let name = without_version(word);
            return Some(Reached::Program {
                name,
                arguments_at: at + 1,
                behind_dashes,
            });
        }
        if let Some((offset, is_package)) = wrapped(rest) {
            at += offset;
            runs_package = is_package;
            continue;
        }
        if is_wrapper(rest) {
            return None;
        }
        match managed(rest) {
            Some(Managed::Script(call)) => {
                let arguments_at = at + call.arguments_at;
                return Some(Reached::Script(ScriptCall {
                    arguments_at,
                    ..call
                }));
            }
            Some(Managed::Program(offset, is_behind_dashes)) => {
                at += offset;
                behind_dashes = is_behind_dashes;
                runs_package = true;
                continue;
            }
            Some(Managed::OtherPackages) => return Some(Reached::OtherPackages),
            Some(Managed::Unknown) => return None,
            Some(Managed::Own) | None => {}
        }
        if let Some(program) = interpreted(rest) {
            let arguments_at = at + program.arguments_at;
            return Some(Reached::Program {
                name: program.name,
                arguments_at,
                behind_dashes,
            });
        }
        let arguments_at = at + 1;
        let name = base_name(word);
        if SEVERAL.contains(&name) {
            return Some(Reached::Several { name, arguments_at });
        }
        let name = if runs_package {
            without_version(word)
        } else {
            word
        };
        return Some(Reached::Program {
            name,
            arguments_at,
            behind_dashes,
        });
    }
    None
}

/// Removes the version from the name of a package, as in `vite@5`.
fn without_version(package: &str) -> &str {
    match package.rfind('@') {
        Some(at) if at > 0 => &package[..at],
        _ => package,
    }
}
