//! Texts about wrong command lines.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use argh::CommandInfoWithArgs;
use port_registry::Port;

use super::aliases::ALIASES;
use super::definition::{DESCRIPTION, PROGRAM};
use super::other_tools::{self, Advice};
use super::words::{WordError, Words};
use crate::output::wording;
use crate::path::is_program;
use crate::report::Report;
use crate::suggestion;

/// Reports a mistake in the words of a command line. `path` are its commands, `typed` all its words.
pub(super) fn report(error: WordError, path: &[&str], typed: &[OsString]) -> Report {
    match error {
        WordError::NotUtf8(word) => {
            Report::new(format!("the argument {} is not UTF-8", word.display()))
        }
        WordError::UnknownCommand(word) => unknown_command(&word, path, typed),
        WordError::UnknownFlag(flag) => unknown_flag(&flag, path, typed),
        WordError::MissingValue(flag) => Report::new(format!("{flag} needs a value")),
        WordError::UnexpectedValue(flag) => Report::new(format!("{flag} takes no value")),
    }
}

fn unknown_command(word: &str, path: &[&str], typed: &[OsString]) -> Report {
    let path: Vec<&str> = path.iter().copied().filter(|it| *it != "help").collect();
    let path = &path[..];
    let report = Report::new(format!("there is no command `{}`", line(path, word)));
    let info = described(path);
    let at = typed.iter().position(|it| it == word).unwrap_or_default();
    let arguments = typed.iter().skip(at + 1).map(|it| it.to_string_lossy());
    let arguments: Vec<String> = arguments.map(Cow::into_owned).collect();
    let is_first = path.is_empty();
    let names = info.commands.iter().map(|it| it.name);
    let aliases = ALIASES.iter().map(|(alias, _)| *alias).filter(|_| is_first);
    let advice = other_tools::advice(word, &arguments).filter(|_| is_first);
    let meant = match advice {
        Some(Advice::Text(text)) => return report.hint(text),
        Some(Advice::Command(command)) => Some(command),
        None => suggestion::closest(word, names.chain(aliases)),
    };
    if let Some(command) = meant {
        let meant = corrected(typed, word, command);
        return report.hint(format!("did you mean `{meant}`?"));
    }
    if !is_first {
        return report;
    }
    if word.parse::<Port>().is_ok() {
        return report.hint(format!("did you mean `{PROGRAM} check {word}`?"));
    }
    if is_program(OsStr::new(word)) {
        let command = typed.iter().map(|it| it.to_string_lossy());
        let command: Vec<_> = command
            .map(|it| wording::quoted(&it).into_owned())
            .collect();
        let command = command.join(" ");
        return report.hint(format!("did you mean `{PROGRAM} run -- {command}`?"));
    }
    let get = wording::service(word);
    report.hint(format!(
        "`{PROGRAM} --help` lists the commands; `{PROGRAM} get{get}` prints the port of a service"
    ))
}

fn unknown_flag(flag: &str, path: &[&str], typed: &[OsString]) -> Report {
    let info = described(path);
    let has_flag = |info: &CommandInfoWithArgs| info.flags.iter().any(|it| it.long == flag);
    if path.is_empty() && all_commands().any(has_flag) {
        return Report::new("no command is named");
    }
    let command = line(path, "");
    let report = Report::new(format!("`{command}` has no flag {flag}"));
    match (path, flag) {
        (["run"], "--port" | "-p") => {
            return report
                .hint("`portctl get web --port 3000` gives a service this port, and run uses it");
        }
        (["run"], "--json" | "-j") => {
            return report
                .hint("run prints nothing of its own, so there is nothing to print as JSON");
        }
        _ => {}
    }
    let names = info
        .flags
        .iter()
        .filter_map(|it| it.long.strip_prefix("--"));
    let meant = match flag.trim_start_matches('-') {
        // A letter may stand for a flag that has no short form.
        letter if letter.len() == 1 => names.clone().find(|it| it.starts_with(letter)),
        name => suggestion::closest(name, names),
    };
    if let Some(meant) = meant {
        let meant = corrected(typed, flag, &format!("--{meant}"));
        return report.hint(format!("did you mean `{meant}`?"));
    }
    let mut others = all_commands().filter(|it| has_flag(it));
    match others.next() {
        Some(other) if !path.is_empty() => {
            report.hint(format!("{flag} is a flag of `{PROGRAM} {}`", other.name))
        }
        _ => report,
    }
}

/// Reports that `portctl run` has no `--` before its command. Returns `None` for other command lines.
pub(super) fn missing_dashes(words: &Words, typed: &[OsString]) -> Option<Report> {
    if words.path != ["run"] || typed.iter().any(|it| it == "--") {
        return None;
    }
    let at = typed.iter().position(|it| it == "run")?;
    let words: Vec<&str> = typed[at + 1..]
        .iter()
        .filter_map(|it| it.to_str())
        .collect();
    let is_help = words.iter().any(|it| ["help", "--help", "-h"].contains(it));
    if is_help || words.iter().all(|it| it.starts_with('-')) {
        return None;
    }
    let program = words.iter().position(|it| is_program(OsStr::new(it)));
    let hint = match program {
        Some(at) => {
            let quoted = |words: &[&str]| -> String {
                let words = words.iter().map(|it| format!(" {}", wording::quoted(it)));
                words.collect()
            };
            let (before, command) = words.split_at(at);
            let (before, command) = (quoted(before), quoted(command));
            format!("did you mean `{PROGRAM} run{before} --{command}`?")
        }
        None => format!("as in `{PROGRAM} run web -- npm run dev`"),
    };
    Some(Report::new("the command to run must be behind a --").hint(hint))
}

/// The description of a command.
fn described(path: &[&str]) -> &'static CommandInfoWithArgs {
    let mut info: &CommandInfoWithArgs = &DESCRIPTION;
    for name in path {
        if let Some(command) = info.commands.iter().find(|it| it.name == *name) {
            info = &command.command;
        }
    }
    info
}

fn all_commands() -> impl Iterator<Item = &'static CommandInfoWithArgs> {
    DESCRIPTION.commands.iter().map(|it| &it.command)
}

/// The program, its commands and a word.
fn line(path: &[&str], word: &str) -> String {
    let words = [PROGRAM].iter().chain(path).chain([&word]);
    let words: Vec<&str> = words.copied().filter(|it| !it.is_empty()).collect();
    words.join(" ")
}

/// The command line with one word replaced, also before a `=`.
fn corrected(typed: &[OsString], wrong: &str, right: &str) -> String {
    let words = typed.iter().map(|word| {
        let word = word.to_string_lossy();
        match word.strip_prefix(wrong) {
            Some("") => right.to_owned(),
            Some(rest) if rest.starts_with('=') => format!("{right}{rest}"),
            _ => word.into_owned(),
        }
    });
    let words = words.map(|it| format!(" {}", wording::quoted(&it)));
    format!("{PROGRAM}{}", words.collect::<String>())
}

/// The command line that prints the help of a command.
pub(super) fn help(path: &[&str]) -> String {
    line(path, "--help")
}

/// Rewrites argh's errors in the words of the others.
pub(super) fn restyled(message: &str) -> String {
    let message = message.trim();
    if let Some(restyled) = bad_value(message) {
        return restyled;
    }
    if let Some(word) = message.strip_prefix("Unrecognized argument: ") {
        return format!("unexpected argument `{word}`");
    }
    let mut lines = message.lines().map(str::trim).filter(|it| !it.is_empty());
    let first = lines.next().unwrap_or_default();
    let names: Vec<&str> = lines.filter(|it| *it != "help").collect();
    let names = names.join(", ");
    if first.starts_with("Required positional arguments not provided") {
        format!("the {names} is missing")
    } else if first.starts_with("One of the following subcommands must be present") {
        format!("no command is named: {names}")
    } else {
        message.trim_end_matches('.').to_owned()
    }
}

/// Rewrites argh's error about the value of a flag or an argument.
fn bad_value(message: &str) -> Option<String> {
    let message = message.strip_prefix("Error parsing ")?;
    let message = message
        .strip_prefix("option '")
        .or_else(|| message.strip_prefix("positional argument '"))?;
    let (name, message) = message.split_once("' with value '")?;
    let (value, problem) = message.split_once("': ")?;
    Some(if problem == "duplicate values provided" {
        format!("{name} is given more than once")
    } else {
        format!("`{value}` cannot be used for {name}: {problem}")
    })
}
