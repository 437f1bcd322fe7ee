//! The parser of the command line.
//!
//! argh accepts less than portctl does, so the words are rewritten before argh parses them.

use std::ffi::OsString;

use argh::{CommandInfoWithArgs, EarlyExit, FlagInfo, FlagInfoKind, FromArgs};

use super::definition::{Command, DESCRIPTION, PROGRAM, Portctl};
use super::help::HelpTopic;
use super::mistake;
use super::run::RunArgs;

/// A parsed command line.
#[derive(Debug)]
pub(crate) enum CommandLine {
    /// A command to run.
    Command(Box<Command>),
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
    pub(crate) problem: String,
    /// The command line that prints help.
    pub(crate) help: String,
    pub(crate) as_json: bool,
}

/// Parses the words after the name of the program.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> CommandLine {
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
            return CommandLine::Usage(UsageError {
                problem: format!("the argument {} is not UTF-8", word.display()),
                help: mistake::help(&[]),
                as_json: false,
            });
        }
    };
    let forgotten = flag_without_value(&words).map(str::to_owned);
    let words = split_assignments(words);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has_run_command = run_command.is_some();
    let usage = |problem: String| {
        let problem = match mistake::advice(&words, has_run_command, &problem) {
            Some(advice) => format!("{problem}; {advice}"),
            None => problem,
        };
        CommandLine::Usage(UsageError {
            problem,
            help: mistake::help(&words),
            as_json: words.contains(&"--json"),
        })
    };
    let help = || match HelpTopic::find(&words) {
        Ok(topic) => CommandLine::Help(topic),
        Err(unknown) => usage(format!("there is no command `{unknown}`")),
    };
    if words.is_empty() {
        return CommandLine::Nothing;
    }
    if words[0] == "help" {
        return help();
    }
    if let Some(flag) = forgotten {
        return usage(format!("no value provided for option '{flag}'"));
    }
    match Portctl::from_args(&[PROGRAM], &words) {
        Ok(parsed) => checked(parsed, run_command).unwrap_or_else(usage),
        Err(EarlyExit { status: Ok(()), .. }) => help(),
        Err(EarlyExit { output, .. }) => usage(match mistake::unknown_command(&words) {
            Some(unknown) => format!("there is no command `{unknown}`"),
            None => mistake::in_one_line(&output),
        }),
    }
}

/// Checks the rules that argh does not know. Returns the problem if a rule is broken.
fn checked(parsed: Portctl, run_command: Option<Vec<OsString>>) -> Result<CommandLine, String> {
    let command = match parsed {
        Portctl {
            version: true,
            command: None,
        } => return Ok(CommandLine::Version),
        Portctl { version: true, .. } => {
            return Err("--version cannot be combined with a command".to_owned());
        }
        Portctl { command: None, .. } => return Err("a command is missing".to_owned()),
        Portctl {
            command: Some(command),
            ..
        } => command,
    };
    let command = match command {
        Command::Run(run) => {
            if let (Some(word), Some(_)) = (run.command.first(), &run_command) {
                let word = word.display();
                return Err(format!(
                    "unexpected word before the --: {word}; name a service with --service"
                ));
            }
            let command = run_command.unwrap_or_default();
            Command::Run(RunArgs { command, ..run })
        }
        command => command,
    };
    Ok(CommandLine::Command(Box::new(command)))
}

/// Splits off everything after the `--` of `portctl run`, because it belongs to another program and may not even be
/// UTF-8. Returns `None` if there is no `--`.
fn split_off_command(words: &mut Vec<OsString>) -> Option<Vec<OsString>> {
    if words.first().is_none_or(|word| word != "run") {
        return None;
    }
    let at = words.iter().position(|word| word == "--")?;
    Some(words.split_off(at).split_off(1))
}

/// Moves the `-` of `portctl import` after all flags and a `--`, because argh would parse it as a flag.
fn put_dash_last(words: &mut Vec<String>) {
    if words.first().is_none_or(|word| word != "import") || words.iter().any(|word| word == "--") {
        return;
    }
    if let Some(at) = words.iter().position(|word| word == "-") {
        words.remove(at);
        words.extend(["--", "-"].map(str::to_owned));
    }
}

/// Splits `--flag=value` into two words, up to a `--`, because argh does not. Leaves flags that take no value alone,
/// because the value would become a positional argument.
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

/// Finds a flag that is followed by another flag in place of its value. A value that looks like a flag can be given as
/// `--flag=value`.
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

/// Returns true if a word is a flag of any command.
fn is_flag(command: &CommandInfoWithArgs, word: &str) -> bool {
    command.flags.iter().any(|it| it.long == word)
        || command.commands.iter().any(|it| is_flag(&it.command, word))
}

/// Returns true if a word is a flag of any command that takes a value. A flag takes a value in all commands or in none.
fn has_value(command: &CommandInfoWithArgs, flag: &str) -> bool {
    let is_meant =
        |it: &FlagInfo| it.long == flag && matches!(it.kind, FlagInfoKind::Option { .. });
    command.flags.iter().any(is_meant)
        || command
            .commands
            .iter()
            .any(|it| has_value(&it.command, flag))
}
