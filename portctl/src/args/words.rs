//! The words of a command line, rewritten into the order and the form that argh parses.

use std::ffi::OsString;
use std::iter::Peekable;
use std::vec::IntoIter;

use argh::{CommandInfoWithArgs, FlagInfo, FlagInfoKind};

use super::aliases::resolved;
use super::definition::{DESCRIPTION, RUN};

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
pub(crate) enum WordError {
    NotUtf8(OsString),
    UnknownCommand(String),
    UnknownFlag(String),
    MissingValue(String),
    UnexpectedValue(String),
}

/// A flag as it was typed.
#[derive(Debug)]
pub(crate) struct TypedFlag {
    pub(crate) info: &'static FlagInfo<'static>,
    /// The value in the same word.
    pub(crate) value: Option<String>,
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
        let (info, leading) = self.take_path(&mut words)?;
        let words = leading.into_iter().chain(words);
        // argh would parse a `-` as a flag.
        let (dashes, words): (Vec<String>, Vec<String>) = words.partition(|it| it == "-");
        self.take_rest(info, words)?;
        let mut operands = dashes;
        match behind {
            Some(words) if self.path == [RUN] => self.program = Some(words),
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

    /// Takes the commands from the words. Returns the description of the last one, and the flags before it.
    fn take_path(
        &mut self,
        words: &mut Peekable<IntoIter<String>>,
    ) -> Result<(&'static CommandInfoWithArgs, Vec<String>), WordError> {
        let mut info: &CommandInfoWithArgs = &DESCRIPTION;
        let mut leading = Vec::new();
        while !info.commands.is_empty() {
            leading.append(&mut take_flags(words));
            let Some(word) = words.next_if(|it| !it.starts_with('-')) else {
                break;
            };
            if word == "help" {
                self.path.push("help");
                continue;
            }
            let mut commands = info.commands.iter();
            let Some(command) = commands.find(|it| it.name == resolved(&word)) else {
                return Err(WordError::UnknownCommand(word));
            };
            self.path.push(command.name);
            info = &command.command;
        }
        Ok((info, leading))
    }

    /// Takes the words behind the commands.
    fn take_rest(
        &mut self,
        info: &'static CommandInfoWithArgs,
        words: Vec<String>,
    ) -> Result<(), WordError> {
        let flags: Vec<&FlagInfo> = info.flags.iter().collect();
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                self.rest.push(word);
                continue;
            }
            for TypedFlag { info: flag, value } in typed_flags(&flags, &word)? {
                self.rest.push(flag.long.to_owned());
                match (takes_value(flag), value) {
                    (false, None) => {}
                    (false, Some(_)) => {
                        return Err(WordError::UnexpectedValue(flag.long.to_owned()));
                    }
                    (true, Some(value)) => self.rest.push(value),
                    // A value that is also a flag can be given as `--flag=value`.
                    (true, None) => match words.next_if(|it| !is_flag(&flags, it)) {
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

/// Takes the flags before a command, with their values. Leaves those of portctl itself, and those that no command has.
fn take_flags(words: &mut Peekable<IntoIter<String>>) -> Vec<String> {
    let flags = flags_of_commands();
    let mut taken = Vec::new();
    while let Some(word) = words.next_if(|it| is_flag(&flags, it)) {
        let typed = typed_flags(&flags, &word).unwrap_or_default();
        let last = typed.last();
        let needs_value = last.is_some_and(|it| takes_value(it.info) && it.value.is_none());
        taken.push(word);
        taken.extend(words.next_if(|_| needs_value));
    }
    taken
}

/// The flags of all commands, except `--help`. A flag is the same in all commands that have it.
pub(crate) fn flags_of_commands() -> Vec<&'static FlagInfo<'static>> {
    let commands = DESCRIPTION.commands.iter();
    let below = commands.clone().flat_map(|it| &it.command.commands);
    let flags = commands.chain(below).flat_map(|it| it.command.flags);
    flags.filter(|it| it.long != HELP).collect()
}

/// Returns the flags that a word stands for, of which only the last one may have a value.
pub(crate) fn typed_flags(
    flags: &[&'static FlagInfo<'static>],
    word: &str,
) -> Result<Vec<TypedFlag>, WordError> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    let unknown = || WordError::UnknownFlag(name.to_owned());
    if let Some(info) = flags.iter().find(|it| is_long_form(it, name)) {
        return Ok(vec![TypedFlag { info, value }]);
    }
    if word.starts_with("--") {
        return Err(unknown());
    }
    let mut typed = Vec::new();
    let mut letters = word.strip_prefix('-').unwrap_or(word).chars();
    while let Some(letter) = letters.next() {
        // argh's description has no short form of it.
        let is_help = |it: &FlagInfo| letter == 'h' && it.long == HELP;
        let mut flags = flags.iter();
        let info = flags.find(|it| it.short == Some(letter) || is_help(it));
        let info = info.ok_or_else(unknown)?;
        let rest = letters.as_str();
        if takes_value(info) && !rest.is_empty() {
            let value = rest.strip_prefix('=').unwrap_or(rest).to_owned();
            typed.push(TypedFlag {
                info,
                value: Some(value),
            });
            break;
        }
        typed.push(TypedFlag { info, value: None });
    }
    Ok(typed)
}

/// Compares a word with the long form of a flag. One dash is enough, as for the flags of programs in Go: otherwise `-json`
/// would be `-j -s on`.
fn is_long_form(flag: &FlagInfo, word: &str) -> bool {
    let is_go = word.len() > 2 && flag.long.strip_prefix('-') == Some(word);
    flag.long == word || is_go
}

fn is_flag(flags: &[&'static FlagInfo<'static>], word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && typed_flags(flags, word).is_ok()
}

pub(crate) fn takes_value(flag: &FlagInfo) -> bool {
    matches!(flag.kind, FlagInfoKind::Option { .. })
}
