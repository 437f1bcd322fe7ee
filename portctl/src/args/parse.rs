//! The parser of the command line.

use std::ffi::OsString;

use super::definition::Command;
use super::flags::{self, JSON};
use super::help::HelpTopic;
use super::mistake;
use super::syntax::{Syntax, parse_words};
use super::words::Words;
use crate::report::Report;

/// A parsed command line.
#[derive(Debug)]
pub(crate) enum CommandLine {
    /// A command to run, and the words behind the `--` of `portctl run` or behind `portctl compose`.
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
    if typed.is_empty() {
        return CommandLine::Nothing;
    }
    let mut words = Words::default();
    let parsed = parse_words(&mut words, typed.clone());
    let missing_dashes = mistake::missing_dashes(&words, &typed);
    let report = match (missing_dashes, parsed) {
        (Some(report), _) => report,
        (None, Ok(Syntax::Help)) => return CommandLine::Help(HelpTopic::of(&words.path)),
        (None, Ok(Syntax::Version)) => return CommandLine::Version,
        (None, Ok(Syntax::Command(command))) => {
            return CommandLine::Command(command, words.program.unwrap_or_default());
        }
        (None, Err(error)) => mistake::report(error, &words.path, &typed),
    };
    // The mistake may be before the flag that asks for JSON.
    let before_dashes = typed.iter().take_while(|it| *it != "--");
    let before_dashes = before_dashes.map(|it| it.to_string_lossy());
    CommandLine::Usage(UsageError {
        report,
        help: mistake::help(&words.path),
        as_json: flags::have(before_dashes, JSON),
    })
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
