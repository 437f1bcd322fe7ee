//! Texts about wrong command lines.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use port_registry::Port;

use super::argh_error::restyled;
use super::definition::{PROGRAM, RUN, commands_below};
use super::flags::{
    JSON, all_commands, any_flags, flags_of, is_long_form, takes_value, typed_flags, unknown_letter,
};
use super::suggested::{did_you_mean, replaced, shown, words_of};
use super::syntax::SyntaxError;
use super::unknown_command;
use super::words::{Word, WordError, Words};
use crate::output::wording;
use crate::path::is_program;
use crate::report::Report;
use crate::suggestion;

/// Reports a mistake in a command line. `path` are its commands, `typed` all its words.
pub(super) fn report(error: SyntaxError, path: &[&str], typed: &[OsString]) -> Report {
    match error {
        SyntaxError::Word(error) => word_error(error, path, typed),
        SyntaxError::Argh(message) => {
            let is_of_daemon = ["start", "stop", "restart", "status"]
                .iter()
                .any(|it| path == [*it]);
            let report = Report::new(restyled(&message));
            let is_extra_word = report.error.starts_with("unexpected argument");
            report.hint_if((is_of_daemon && is_extra_word).then(|| about_the_daemon(path)))
        }
        SyntaxError::NoCommand => no_command(path),
        SyntaxError::VersionOfCommand => Report::new("--version cannot be combined with a command"),
    }
}

fn word_error(error: WordError, path: &[&str], typed: &[OsString]) -> Report {
    match error {
        WordError::NotUtf8(word) => {
            Report::new(format!("the argument {} is not UTF-8", word.display()))
        }
        WordError::UnknownCommand(word) => {
            let line = line(path, &wording::quoted(&word.text));
            let report = Report::new(format!("there is no command `{line}`"));
            report.hint_if(unknown_command::hint(&word, path, typed))
        }
        WordError::UnknownFlag(word) => unknown_flag(&word, path, typed),
        WordError::MissingValue(flag) => Report::new(format!("{flag} needs a value")),
        WordError::UnexpectedValue(word) => {
            let (name, _) = split(&word.text);
            let line = replaced(typed, word.at, &[name]);
            Report::new(format!("{name} takes no value")).hint_if(did_you_mean(&line))
        }
        WordError::EarlyDashes(at) => {
            let report = Report::new("the command must be before the --");
            let (before, behind) = typed.split_at(at);
            let is_program = behind.get(1).is_some_and(|it| is_program(it));
            let run = [&words_of(&[RUN]), before, behind].concat();
            let hint = did_you_mean(&replaced(typed, at, &[]));
            report.hint_if(hint.or_else(|| did_you_mean(&run).filter(|_| is_program)))
        }
    }
}

fn unknown_flag(word: &Word, path: &[&str], typed: &[OsString]) -> Report {
    let (name, value) = split(&word.text);
    let own = flags_of(path);
    let mut known = typed_flags(&any_flags(), &word.text)
        .unwrap_or_default()
        .into_iter();
    if let Some(foreign) = known.find(|it| own.iter().all(|own| own.long != it.info.long)) {
        let flag = foreign.info;
        // One of several letters.
        let letter = flag.short.filter(|_| !is_long_form(flag, name));
        let name = letter.map_or_else(|| name.to_owned(), |it| format!("-{it}"));
        if (path, flag.long) == (&[RUN], "--port") {
            let report = Report::new(format!("`{}` has no flag {name}", line(path, "")));
            let value = foreign.value.as_deref();
            return report.hint(port_before_run(typed, word, value));
        }
        return misplaced_flag(&name, flag.long, path);
    }
    let command = line(path, "");
    if let Some(letter) = unknown_letter(&own, name) {
        return Report::new(format!("`{command}` has no flag -{letter}"));
    }
    let report = Report::new(format!("`{command}` has no flag {name}"));
    let has_command = commands_below(path).is_empty();
    let candidates = if has_command { own } else { any_flags() };
    let longs = candidates
        .iter()
        .filter_map(|it| it.long.strip_prefix("--"));
    let meant = match name.trim_start_matches('-') {
        // A letter may stand for a flag that has no short form.
        letter if letter.len() == 1 => longs.clone().find(|it| it.starts_with(letter)),
        name => suggestion::closest(name, longs),
    };
    let Some(flag) = candidates
        .iter()
        .find(|it| meant == it.long.strip_prefix("--"))
    else {
        return report;
    };
    let meant = match value {
        Some(value) if takes_value(flag) => format!("{}={value}", flag.long),
        _ => flag.long.to_owned(),
    };
    match did_you_mean(&replaced(typed, word.at, &[&meant])) {
        Some(hint) => report.hint(hint),
        None if has_command => report.hint(format!(
            "did you mean {}? `{}` explains the flags",
            flag.long,
            help(path)
        )),
        None => report,
    }
}

/// Reports a flag of another command. `long` is the long form of `name`.
fn misplaced_flag(name: &str, long: &str, path: &[&str]) -> Report {
    let is_of_program = flags_of(&[]).iter().any(|it| it.long == long);
    if !commands_below(path).is_empty() && !is_of_program {
        return no_command(path);
    }
    let report = Report::new(format!("`{}` has no flag {name}", line(path, "")));
    match (path, long) {
        ([RUN], JSON) => {
            report.hint("run prints nothing of its own, so there is nothing to print as JSON")
        }
        (["release"], "--all") => report.hint(format!(
            "without a service or a port, all ports of this checkout are released; \
             `{PROGRAM} release --dry-run` shows them"
        )),
        ([command @ ("env" | "url" | "wait")], "--all") => report.hint(format!(
            "`{PROGRAM} {command}` without a service takes all services of this checkout"
        )),
        (["prune"], "--all") => {
            report.hint(format!("`{PROGRAM} prune` covers all checkouts already"))
        }
        _ if is_of_program => report.hint(format!("{name} is a flag of `{PROGRAM}` alone")),
        _ => {
            let mut commands = all_commands().into_iter();
            match commands.find(|(_, it)| it.flags.iter().any(|it| it.long == long)) {
                Some((other, _)) => report.hint(format!(
                    "{name} is a flag of {other}: `{PROGRAM} {other} --help`"
                )),
                None => report,
            }
        }
    }
}

/// The hint about a word behind a command for the daemon, which was probably meant for a service.
fn about_the_daemon(path: &[&str]) -> String {
    format!(
        "`{}` is about the daemon, which is optional; a service is started as in `{PROGRAM} run web -- npm run dev`",
        line(path, "")
    )
}

/// The hint to give a service a port first, because `portctl run` has no `--port`.
fn port_before_run(typed: &[OsString], word: &Word, value: Option<&str>) -> String {
    let text = |at: usize| typed.get(at).map(|it| it.to_string_lossy());
    let (port, length) = match value {
        Some(value) => (Some(value.to_owned()), 1),
        None => (text(word.at + 1).map(Cow::into_owned), 2),
    };
    let port: Option<Port> = port.and_then(|it| it.parse().ok());
    let mut rest = typed.to_vec();
    rest.drain(word.at..typed.len().min(word.at + length));
    let services = rest.iter().take_while(|it| *it != "--").skip(1);
    let services: Vec<Cow<str>> = services.map(|it| it.to_string_lossy()).collect();
    if let (Some(port), [service], true) = (port, &services[..], did_you_mean(&rest).is_some()) {
        let run = shown(&rest);
        return format!(
            "did you mean `{PROGRAM} get{} --port {port} && {run}`?",
            wording::service(service)
        );
    }
    format!("`{PROGRAM} get web --port 3000` gives a service this port, and run uses it")
}

fn no_command(path: &[&str]) -> Report {
    if path.is_empty() {
        return Report::new("no command is named");
    }
    let names = commands_below(path).iter().map(|it| it.name);
    Report::new(format!(
        "no command is named: {}",
        names.collect::<Vec<_>>().join(", ")
    ))
}

/// Reports that `portctl run` has no `--` before its command. Returns `None` for other command lines.
pub(super) fn missing_dashes(words: &Words, typed: &[OsString]) -> Option<Report> {
    let is_run = words.path == [RUN] && !words.help;
    if !is_run || words.operands.is_empty() || typed.iter().any(|it| it == "--") {
        return None;
    }
    let mut operands = words.operands.iter();
    let program = operands.find(|it| is_program(OsStr::new(&it.text)));
    let suggested = program.and_then(|program| {
        let (before, command) = typed.split_at(program.at);
        did_you_mean(&[before, &words_of(&["--"]), command].concat())
    });
    let hint = suggested.unwrap_or_else(|| format!("as in `{PROGRAM} run web -- npm run dev`"));
    Some(Report::new("the command to run must be behind a --").hint(hint))
}

/// The name of a flag, and the value behind its `=`.
fn split(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    }
}

/// The program, its commands and a word.
fn line(path: &[&str], word: &str) -> String {
    let words = [PROGRAM].iter().chain(path).chain([&word]);
    let words: Vec<&str> = words.copied().filter(|it| !it.is_empty()).collect();
    words.join(" ")
}

/// The command line that prints the help of a command.
pub(super) fn help(path: &[&str]) -> String {
    line(path, "--help")
}
