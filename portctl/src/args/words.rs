//! The words of a command line, rewritten into the order and the form that argh parses.

use std::ffi::OsString;
use std::iter::Peekable;
use std::vec::IntoIter;

use argh::{CommandInfoWithArgs, FlagInfo, FlagInfoKind};

use super::aliases::resolved;
use super::definition::DESCRIPTION;

/// The flag that all commands have.
const HELP: &str = "--help";

/// The words of a command line.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The commands, such as `skill install`, by their own names.
    pub(super) path: Vec<&'static str>,
    /// The words behind the commands. Flags are in their long forms, and apart from their values.
    pub(super) rest: Vec<String>,
    /// The words behind the `--` of `portctl run`, or `None` if there is no `--`. They belong to another program, and
    /// may not be UTF-8.
    pub(super) program: Option<Vec<OsString>>,
}

/// A mistake in the words of a command line.
#[derive(Debug)]
pub(super) enum WordError {
    NotUtf8(OsString),
    UnknownCommand(String),
    UnknownFlag(String),
    MissingValue(String),
    UnexpectedValue(String),
}

/// A flag as it was typed.
struct TypedFlag {
    info: &'static FlagInfo<'static>,
    /// The value behind the `=`.
    value: Option<String>,
}

impl Words {
    /// Rewrites words: resolves aliases, moves flags before the command behind it, splits `--flag=value`, `-pN` and
    /// `-xy`. After an error, `self` has the words so far.
    pub(super) fn rewrite(&mut self, words: Vec<OsString>) -> Result<(), WordError> {
        let (words, behind) = split_at_dashes(words);
        let words = words.into_iter().map(OsString::into_string);
        let words: Vec<String> = words
            .collect::<Result<_, _>>()
            .map_err(WordError::NotUtf8)?;
        let mut words = words.into_iter().peekable();
        let leading = take_leading_flags(&mut words);
        let info = self.take_path(&mut words)?;
        let words = leading.into_iter().chain(words);
        // argh would parse a `-` as a flag.
        let (dashes, words): (Vec<String>, Vec<String>) = words.partition(|it| it == "-");
        self.take_rest(info, words)?;
        let mut operands = dashes;
        match behind {
            Some(words) if self.path == ["run"] => self.program = Some(words),
            Some(words) => {
                for word in words {
                    operands.push(word.into_string().map_err(WordError::NotUtf8)?);
                }
            }
            None => {}
        }
        if !operands.is_empty() {
            self.rest.push("--".to_owned());
            self.rest.append(&mut operands);
        }
        Ok(())
    }

    /// Takes the commands from the words. Returns the description of the last one.
    fn take_path(
        &mut self,
        words: &mut Peekable<IntoIter<String>>,
    ) -> Result<&'static CommandInfoWithArgs, WordError> {
        let mut info: &CommandInfoWithArgs = &DESCRIPTION;
        while let Some(word) = words.peek() {
            if info.commands.is_empty() || word.starts_with('-') {
                break;
            }
            if word == "help" {
                self.path.push("help");
                words.next();
                continue;
            }
            let mut commands = info.commands.iter();
            let Some(command) = commands.find(|it| it.name == resolved(word)) else {
                return Err(WordError::UnknownCommand(word.clone()));
            };
            self.path.push(command.name);
            info = &command.command;
            words.next();
        }
        Ok(info)
    }

    /// Takes the words behind the commands.
    fn take_rest(
        &mut self,
        info: &'static CommandInfoWithArgs,
        words: Vec<String>,
    ) -> Result<(), WordError> {
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                self.rest.push(word);
                continue;
            }
            for TypedFlag { info: flag, value } in typed_flags(info, &word)? {
                self.rest.push(flag.long.to_owned());
                match (takes_value(flag), value) {
                    (false, None) => {}
                    (false, Some(_)) => {
                        return Err(WordError::UnexpectedValue(flag.long.to_owned()));
                    }
                    (true, Some(value)) => self.rest.push(value),
                    // A value that is also a flag can be given as `--flag=value`.
                    (true, None) => match words.next_if(|it| !is_flag(info, it)) {
                        Some(value) => self.rest.push(value),
                        None => return Err(WordError::MissingValue(flag.long.to_owned())),
                    },
                }
            }
        }
        Ok(())
    }
}

/// Splits the words at the first `--`.
fn split_at_dashes(mut words: Vec<OsString>) -> (Vec<OsString>, Option<Vec<OsString>>) {
    match words.iter().position(|word| word == "--") {
        Some(at) => {
            let behind = words.split_off(at).split_off(1);
            (words, Some(behind))
        }
        None => (words, None),
    }
}

/// Takes the flags before the command, with their values. Leaves those of portctl itself, and those that no command has.
fn take_leading_flags(words: &mut Peekable<IntoIter<String>>) -> Vec<String> {
    let mut taken = Vec::new();
    while let Some(word) = words.peek() {
        let Some(flag) = flag_of_any_command(word) else {
            break;
        };
        // The value is in the next word, unless it follows in this one.
        let has_value_behind = takes_value(flag) && !word.contains('=') && !is_cluster(word);
        taken.extend(words.next());
        taken.extend(words.next_if(|_| has_value_behind));
    }
    taken
}

/// Finds a flag by a word, in the commands and those below them.
fn flag_of_any_command(word: &str) -> Option<&'static FlagInfo<'static>> {
    let commands = DESCRIPTION.commands.iter();
    let below = commands.clone().flat_map(|it| &it.command.commands);
    let flags = commands.chain(below).flat_map(|it| it.command.flags);
    let is_meant = |flag: &&FlagInfo| match word.strip_prefix("--") {
        Some(_) => word.split('=').next() == Some(flag.long),
        None => {
            flag.short.is_some()
                && word.strip_prefix('-').and_then(|it| it.chars().next()) == flag.short
        }
    };
    flags.filter(|it| it.long != HELP).find(is_meant)
}

/// Returns true if more follows a short flag in the same word.
fn is_cluster(word: &str) -> bool {
    !word.starts_with("--") && word.chars().count() > 2
}

/// Returns the flags that a word stands for, of which only the last one may have a value.
fn typed_flags(
    info: &'static CommandInfoWithArgs,
    word: &str,
) -> Result<Vec<TypedFlag>, WordError> {
    let unknown = || WordError::UnknownFlag(word.split('=').next().unwrap_or_default().to_owned());
    if word.starts_with("--") {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word, None),
        };
        let info = info.flags.iter().find(|it| it.long == name);
        return Ok(vec![TypedFlag {
            info: info.ok_or_else(unknown)?,
            value,
        }]);
    }
    let mut typed = Vec::new();
    let mut letters = word.strip_prefix('-').unwrap_or(word).chars();
    while let Some(letter) = letters.next() {
        // argh's description has no short form of it.
        let is_help = |it: &FlagInfo| letter == 'h' && it.long == HELP;
        let mut flags = info.flags.iter();
        let info = flags.find(|it| it.short == Some(letter) || is_help(it));
        let info = info.ok_or_else(unknown)?;
        if takes_value(info) {
            let value = letters.as_str();
            let value =
                (!value.is_empty()).then(|| value.strip_prefix('=').unwrap_or(value).to_owned());
            typed.push(TypedFlag { info, value });
            break;
        }
        typed.push(TypedFlag { info, value: None });
    }
    Ok(typed)
}

fn is_flag(info: &'static CommandInfoWithArgs, word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && typed_flags(info, word).is_ok()
}

fn takes_value(flag: &FlagInfo) -> bool {
    matches!(flag.kind, FlagInfoKind::Option { .. })
}
