//! Texts about wrong command lines.

use super::definition::{DESCRIPTION, PROGRAM};

/// Advises on a common mistake, such as naming a service in the way of another command. `has_run_command` is true if
/// `portctl run` has a `--`.
pub(super) fn advice(words: &[&str], has_run_command: bool, problem: &str) -> Option<String> {
    let word = problem.strip_prefix("unrecognized argument: ")?;
    match *words.first()? {
        "run" if word == "--port" => {
            Some("`portctl get SERVICE --port N` allocates this port, and run uses it".to_owned())
        }
        "run" if word == "--json" => {
            Some("run prints nothing of its own, so there is nothing to print as JSON".to_owned())
        }
        "run" if !has_run_command => Some(
            "put the command after a --, as in `portctl run --service web -- npm run dev`"
                .to_owned(),
        ),
        "get" if word == "--service" => Some("name services without --service".to_owned()),
        "allocate" | "list" | "release" if !word.starts_with('-') => {
            Some(format!("name a service with --service {word}"))
        }
        _ => None,
    }
}

/// Returns the first word if it stands for a command that does not exist.
pub(super) fn unknown_command<'a>(words: &[&'a str]) -> Option<&'a str> {
    let first = words
        .first()
        .copied()
        .filter(|word| !word.starts_with('-'))?;
    let is_known = first == "help" || DESCRIPTION.commands.iter().any(|it| it.name == first);
    (!is_known).then_some(first)
}

/// The command line that prints the help of the command in these words.
pub(super) fn help(words: &[&str]) -> String {
    let mut line = PROGRAM.to_owned();
    let mut commands = &DESCRIPTION.commands;
    for word in words {
        let Some(known) = commands.iter().find(|command| command.name == *word) else {
            break;
        };
        line = format!("{line} {word}");
        commands = &known.command.commands;
    }
    format!("{line} --help")
}

/// Reformats argh's errors to match ours: in lower case, and with lists in one line.
pub(super) fn in_one_line(message: &str) -> String {
    let message = match message.strip_prefix("Error parsing ") {
        Some(rest) => format!("cannot parse {rest}"),
        None => uncapitalized(message),
    };
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    match lines.split_first() {
        Some((first, rest)) if first.ends_with(':') => format!("{first} {}", rest.join(", ")),
        _ => lines.join("\n").trim_end_matches('.').to_owned(),
    }
}

fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
