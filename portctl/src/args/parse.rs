//! The parser of the command line.
//!
//! argh accepts less than portctl does, so the words are rewritten before argh parses them.

use std::ffi::OsString;

use argh::{EarlyExit, FromArgs};

use super::definition::{Command, PROGRAM, Portctl};
use super::help::HelpTopic;
use super::mistake;
use super::words::Words;
use crate::report::Report;

/// A parsed command line.
#[derive(Debug)]
pub(crate) enum CommandLine {
    /// A command to run, and the words behind the `--` of `portctl run`.
    Command(Box<Command>, Vec<OsString>),
    /// A request for the version of portctl.
    Version,
    /// A request for help.
    Help(HelpTopic),
    /// No words at all.
    Nothing,
    /// The command line is wrong.
    Usage(UsageError),
}

/// An error in a command line.
#[derive(Debug)]
pub(crate) struct UsageError {
    pub(crate) report: Report,
    /// The command line that prints help.
    pub(crate) help: String,
    pub(crate) as_json: bool,
}

/// Parses the words after the name of the program.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> CommandLine {
    let typed: Vec<OsString> = words.collect();
    let mut words = Words::default();
    let rewritten = words.rewrite(typed.clone());
    let usage = |report: Report, words: &Words| {
        let flags = typed.iter().take_while(|it| *it != "--");
        CommandLine::Usage(UsageError {
            report,
            help: mistake::help(&words.path),
            as_json: flags
                .into_iter()
                .any(|it| it == "--json" || it == "-j" || it == "-json"),
        })
    };
    if typed.is_empty() {
        return CommandLine::Nothing;
    }
    if let Some(report) = mistake::missing_dashes(&words, &typed) {
        return usage(report, &words);
    }
    if let Err(error) = rewritten {
        return usage(mistake::report(error, &words.path, &typed), &words);
    }
    if words.path.first() == Some(&"help") {
        return CommandLine::Help(HelpTopic::of(&words.path));
    }
    let argv: Vec<&str> = words
        .path
        .iter()
        .copied()
        .chain(words.rest.iter().map(String::as_str))
        .collect();
    match Portctl::from_args(&[PROGRAM], &argv) {
        Ok(Portctl {
            version: true,
            command: None,
        }) => CommandLine::Version,
        Ok(Portctl { version: true, .. }) => usage(
            Report::new("--version cannot be combined with a command"),
            &words,
        ),
        Ok(Portctl { command: None, .. }) => usage(Report::new("no command is named"), &words),
        Ok(Portctl {
            command: Some(command),
            ..
        }) => CommandLine::Command(Box::new(command), words.program.unwrap_or_default()),
        Err(EarlyExit { status: Ok(()), .. }) => CommandLine::Help(HelpTopic::of(&words.path)),
        Err(EarlyExit { output, .. }) => usage(Report::new(mistake::restyled(&output)), &words),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{CommandLine, parse};

    fn word() -> impl Strategy<Value = String> {
        let known = [
            "get", "list", "ls", "rm", "run", "skill", "install", "help", "import", "--", "-", "",
            "--json", "-j", "-aj", "-p", "-p8", "-p=8", "--port", "--port=", "--app=x", "-app",
            "-h", "-V", "-", "--=", "-=", "kill", "web", "3000", "web=1", "lst",
        ];
        prop_oneof![
            4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
            1 => any::<String>(),
            1 => "-{1,2}[a-z=\u{e9}]{0,4}",
        ]
    }

    proptest! {
        #[test]
        fn every_command_line_is_parsed_or_refused(words in vec(word(), 0..7)) {
            let typed = words.iter().map(OsString::from);
            if let CommandLine::Usage(usage) = parse(typed) {
                prop_assert!(!usage.report.error.is_empty());
                prop_assert!(usage.help.starts_with("portctl"));
            }
        }
    }
}
