//! Texts about a command line that is wrong, and help texts.

use std::ffi::OsString;

use super::definition::{DESCRIPTION, PROGRAM};

/// Advises on a common mistake, such as a service that is named in a way of another command. `run_command` is
/// everything behind the `--` of `portctl run`.
pub(super) fn advice(
    words: &[&str],
    run_command: Option<&[OsString]>,
    problem: &str,
) -> Option<String> {
    let word = problem.strip_prefix("unrecognized argument: ")?;
    match *words.first()? {
        "run" if word == "--port" => Some(
            "`portctl get SERVICE --port N` gives a service a certain port, and run uses it"
                .to_owned(),
        ),
        "run" if word == "--json" => {
            Some("run prints nothing of its own, so there is nothing to put as JSON".to_owned())
        }
        "run" if run_command.is_none() => Some(
            "put the command behind a --, as in `portctl run --service web -- npm run dev`"
                .to_owned(),
        ),
        "get" if word == "--service" => Some("name services without --service".to_owned()),
        "allocate" | "list" | "release" if !word.starts_with('-') => {
            Some(format!("name a service by --service {word}"))
        }
        _ => None,
    }
}

/// The first word, if it should be a command and is none.
pub(super) fn unknown_command<'a>(words: &[&'a str]) -> Option<&'a str> {
    let first = words
        .first()
        .copied()
        .filter(|word| !word.starts_with('-'))?;
    let is_known = first == "help" || DESCRIPTION.commands.iter().any(|it| it.name == first);
    (!is_known).then_some(first)
}

/// The command line that prints help for these words.
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

/// A help text with the usage in lines that a usual terminal takes, as the rest of it is.
pub(super) fn wrapped(help: &str) -> String {
    const WIDTH: usize = 80;
    let (usage, rest) = help.split_once('\n').unwrap_or((help, ""));
    // The parser does not know that what is run has to be there, and behind a `--`.
    let usage = usage.replace("[--] [<command...>]", "-- <command> [<argument>...]");
    let mut lines = vec![String::new()];
    // A flag and its value stay together, as in `[--port <port>]`.
    for part in usage.replace(" [", "\n[").replace(" --", "\n--").lines() {
        match lines.last_mut() {
            Some(line) if line.len() + part.len() < WIDTH => {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(part);
            }
            _ => lines.push(format!("      {part}")),
        }
    }
    format!("{}\n{rest}", lines.join("\n"))
}

/// Reformats argh's errors to match ours: without a capital, and with lists in one line.
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
