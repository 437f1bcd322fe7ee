//! Parsing of a command line.
//!
//! argh takes only part of what portctl promises. The words are rewritten to what argh can parse first.

use std::ffi::OsString;

use argh::{CommandInfoWithArgs, EarlyExit, FlagInfo, FlagInfoKind, FromArgs};

use super::definition::{Command, DESCRIPTION, PROGRAM, Portctl};
use super::mistake;
use super::run::Run;

/// The meaning of a command line.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A command to carry out.
    Command(Box<Command>),
    /// The program's version is asked for.
    Version,
    /// A help text that was asked for.
    Help(String),
    /// A help text, since nothing was typed.
    Nothing(String),
    /// The command line is wrong.
    Usage(Usage),
}

/// An error in a command line.
#[derive(Debug)]
pub(crate) struct Usage {
    pub(crate) problem: String,
    /// The command line that would help.
    pub(crate) help: String,
    pub(crate) as_json: bool,
}

/// Makes a command of the words after the program's name.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Parsed {
    let mut words: Vec<OsString> = words.collect();
    let run_command = split_off_command(&mut words);
    let words = match words
        .into_iter()
        .map(OsString::into_string)
        .collect::<Result<Vec<_>, _>>()
    {
        Ok(mut words) => {
            put_dash_last(&mut words);
            words
        }
        Err(word) => {
            return Parsed::Usage(Usage {
                problem: format!("the argument {} is not UTF-8", word.display()),
                help: mistake::help(&[]),
                as_json: false,
            });
        }
    };
    let forgotten = flag_without_value(&words).map(str::to_owned);
    let words = split_assignments(words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let usage = |problem: String| {
        let problem = match mistake::advice(&words, run_command.as_deref(), &problem) {
            Some(advice) => format!("{problem}; {advice}"),
            None => problem,
        };
        Parsed::Usage(Usage {
            problem,
            help: mistake::help(&words),
            as_json: words.contains(&"--json"),
        })
    };
    if words.is_empty() {
        return match Portctl::from_args(&[PROGRAM], &["--help"]) {
            Err(help) => Parsed::Nothing(help.output),
            Ok(_) => usage("a command is missing".to_owned()),
        };
    }
    if let Some(flag) = forgotten {
        return usage(format!("no value provided for option '{flag}'"));
    }
    match Portctl::from_args(&[PROGRAM], &words) {
        Ok(Portctl {
            version: true,
            command: None,
        }) => Parsed::Version,
        Ok(Portctl { version: true, .. }) => usage("--version goes with no command".to_owned()),
        Ok(Portctl {
            command: Some(Command::Run(run)),
            ..
        }) => {
            if let (Some(word), Some(_)) = (run.command.first(), &run_command) {
                let word = word.display();
                return usage(format!(
                    "unexpected word before the --: {word}; name a service by --service"
                ));
            }
            let command = run_command.unwrap_or_default();
            Parsed::Command(Box::new(Command::Run(Run { command, ..run })))
        }
        Ok(Portctl {
            command: Some(command),
            ..
        }) => Parsed::Command(Box::new(command)),
        Ok(Portctl { command: None, .. }) => usage("a command is missing".to_owned()),
        Err(EarlyExit {
            output,
            status: Ok(()),
        }) => Parsed::Help(mistake::wrapped(&output)),
        Err(EarlyExit { output, .. }) => usage(match mistake::unknown_command(&words) {
            Some(unknown) => format!("there is no command `{unknown}`"),
            None => mistake::in_one_line(&output),
        }),
    }
}

/// Takes away everything behind the `--` of `portctl run`: it is another program's, and need not even
/// be text. Returns `None` if there is no `--`.
fn split_off_command(words: &mut Vec<OsString>) -> Option<Vec<OsString>> {
    if words.first().is_none_or(|word| word != "run") {
        return None;
    }
    let at = words.iter().position(|word| word == "--")?;
    Some(words.split_off(at).split_off(1))
}

/// Puts the `-` of `portctl import` behind all flags, after a `--`: the parser would take it for one.
fn put_dash_last(words: &mut Vec<String>) {
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
fn split_assignments(words: Vec<String>) -> Vec<String> {
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
fn flag_without_value(words: &[String]) -> Option<&str> {
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
