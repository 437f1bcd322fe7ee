//! Work on the words of a command line that the parser (argh) leaves undone.

use std::ffi::OsString;

use argh::{CommandInfoWithArgs, FlagInfo, FlagInfoKind};

use super::definition::{DESCRIPTION, PROGRAM};

/// Takes away everything behind the `--` of `portctl run`: it is another program's, and need not even
/// be text. Returns `None` if there is no `--`.
pub(super) fn split_off_command(words: &mut Vec<OsString>) -> Option<Vec<OsString>> {
    if words.first().is_none_or(|word| word != "run") {
        return None;
    }
    let at = words.iter().position(|word| word == "--")?;
    Some(words.split_off(at).split_off(1))
}

/// Puts the `-` of `portctl import` behind all flags, after a `--`: the parser would take it for one.
pub(super) fn put_dash_last(words: &mut Vec<String>) {
    if words.first().is_none_or(|word| word != "import") || words.iter().any(|word| word == "--") {
        return;
    }
    if let Some(at) = words.iter().position(|word| word == "-") {
        words.remove(at);
        words.extend(["--", "-"].map(str::to_owned));
    }
}

/// Splits `--flag=value` in two, which the parser would not, up to a `--`. Of flags that take a
/// value: behind another one it would become a word of its own.
pub(super) fn split_assignments(words: Vec<String>) -> Vec<String> {
    let mut split = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    for word in words.by_ref() {
        match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") && has_value(&DESCRIPTION, flag) => {
                split.extend([flag.to_owned(), value.to_owned()]);
            }
            _ => {
                let is_end_of_flags = word == "--";
                split.push(word);
                if is_end_of_flags {
                    break;
                }
            }
        }
    }
    split.extend(words);
    split
}

/// A flag whose value was left out, so that the next flag would be taken for it. One that is meant
/// to begin like a flag can be given by `--flag=value`.
pub(super) fn flag_without_value(words: &[String]) -> Option<&str> {
    let flags = words.iter().take_while(|word| *word != "--");
    flags
        .zip(words.iter().skip(1))
        .find(|(flag, value)| {
            let value = value.split('=').next().unwrap_or_default();
            flag.starts_with("--")
                && value.starts_with("--")
                && has_value(&DESCRIPTION, flag)
                && is_flag(&DESCRIPTION, value)
        })
        .map(|(flag, _)| flag.as_str())
}

/// Tells if a word is a flag of any command.
fn is_flag(command: &CommandInfoWithArgs, word: &str) -> bool {
    command.flags.iter().any(|it| it.long == word)
        || command.commands.iter().any(|it| is_flag(&it.command, word))
}

/// Tells if a word is a flag, of any command, that takes a value. A flag of one name takes one in all
/// commands or in none.
fn has_value(command: &CommandInfoWithArgs, flag: &str) -> bool {
    let is_meant =
        |it: &FlagInfo| it.long == flag && matches!(it.kind, FlagInfoKind::Option { .. });
    command.flags.iter().any(is_meant)
        || command
            .commands
            .iter()
            .any(|it| has_value(&it.command, flag))
}

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
