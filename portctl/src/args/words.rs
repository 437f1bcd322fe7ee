//! The words of a command line, rewritten into the order and the form that argh parses.

use std::cell::LazyCell;
use std::ffi::OsString;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::aliases::resolved;
use super::definition::{COMPOSE, RUN, commands_below};
use super::flags::{
    TypedFlag, any_flags, ask_for_help, flags_of, is_flag, takes_value, typed_flags,
};
use super::help::HELP_FLAGS;
use crate::compose::arguments::{PRINT, without_print};

/// The word that asks for help, as `--help` does.
const HELP_WORD: &str = "help";

/// A word, and its position on the command line.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) at: usize,
    pub(super) text: String,
}

/// The words of a command line.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The commands, such as `skill install`, by their own names.
    pub(super) path: Vec<&'static str>,
    /// True if help is asked for. Then there may be no other words.
    pub(super) help: bool,
    /// The flags in their long forms, each before its value.
    flags: Vec<String>,
    /// The words that are no commands, flags or values.
    pub(super) operands: Vec<Word>,
    /// The words behind the `--` of `portctl run`, or `None` if there is no `--`, and those behind `portctl compose`. They
    /// belong to another program, and may not be UTF-8.
    pub(super) program: Option<Vec<OsString>>,
}

/// A mistake in the words of a command line.
#[derive(Debug)]
pub(super) enum WordError {
    NotUtf8(OsString),
    UnknownCommand(Word),
    UnknownFlag(Word),
    MissingValue(&'static str),
    UnexpectedValue(Word),
    /// The `--` at this position is before the command.
    EarlyDashes(usize),
}

impl Words {
    /// Rewrites words: resolves aliases, moves flags before the command behind it, splits `--flag=value`, `-pN` and
    /// `-xy`. After an error, `self` has the words so far.
    pub(super) fn rewrite(&mut self, words: Vec<OsString>) -> Result<(), WordError> {
        if let Some((COMPOSE, behind)) = first_word(&words) {
            self.take_compose(behind);
            return Ok(());
        }
        let (words, behind) = split_at_dashes(words);
        let dashes = words.len();
        let mut words = numbered(words, 0)?.into_iter().peekable();
        let leading = self.take_path(&mut words)?;
        let words: Vec<Word> = leading.into_iter().chain(words).collect();
        self.help |= ask_for_help(words.iter().map(|it| &it.text));
        if self.help {
            return Ok(());
        }
        let has_command = commands_below(&self.path).is_empty();
        if !has_command && behind.as_ref().is_some_and(|it| !it.is_empty()) {
            return Err(WordError::EarlyDashes(dashes));
        }
        self.take_rest(words)?;
        match behind {
            Some(words) if self.path == [RUN] => self.program = Some(words),
            Some(words) => self.operands.append(&mut numbered(words, dashes + 1)?),
            None => {}
        }
        Ok(())
    }

    /// The words in the order that argh parses.
    pub(super) fn argv(&self) -> Vec<&str> {
        let mut argv = self.path.clone();
        argv.extend(self.flags.iter().map(String::as_str));
        if !self.operands.is_empty() {
            // argh would parse `-` as a flag, and `help` as a request for help.
            argv.push("--");
            argv.extend(self.operands.iter().map(|it| it.text.as_str()));
        }
        argv
    }

    /// Takes the commands from the words. Returns the flags before the last one.
    fn take_path(&mut self, words: &mut Peekable<IntoIter<Word>>) -> Result<Vec<Word>, WordError> {
        let mut leading = Vec::new();
        loop {
            let commands = commands_below(&self.path);
            if commands.is_empty() {
                break;
            }
            leading.append(&mut take_flags(words));
            let Some(word) = words.next_if(|it| !it.text.starts_with('-')) else {
                break;
            };
            if word.text == HELP_WORD {
                self.help = true;
                continue;
            }
            match commands.iter().find(|it| it.name == resolved(&word.text)) {
                Some(command) => self.path.push(command.name),
                None => return Err(WordError::UnknownCommand(word)),
            }
        }
        Ok(leading)
    }

    /// Takes the words behind `portctl compose`, which are Docker Compose's but our own `--print` before its subcommand.
    fn take_compose(&mut self, words: &[OsString]) {
        self.path.push(COMPOSE);
        let first = words.first().and_then(|it| it.to_str());
        self.help = first.is_some_and(|it| HELP_FLAGS.contains(&it));
        let (prints, words) = without_print(words);
        if prints {
            self.flags.push(PRINT.to_owned());
        }
        self.program = Some(words);
    }

    /// Takes the words behind the commands.
    fn take_rest(&mut self, words: Vec<Word>) -> Result<(), WordError> {
        let path = self.path.clone();
        // `portctl get web` needs no description of the flags.
        let flags = LazyCell::new(|| flags_of(&path));
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            if word.text == HELP_WORD {
                self.help = true;
                return Ok(());
            }
            if !word.text.starts_with('-') || word.text == "-" {
                self.operands.push(word);
                continue;
            }
            let Some(typed) = typed_flags(&flags, &word.text) else {
                return Err(WordError::UnknownFlag(word));
            };
            for TypedFlag { info: flag, value } in typed {
                self.flags.push(flag.long.to_owned());
                match (takes_value(flag), value) {
                    (false, None) => {}
                    (false, Some(_)) => return Err(WordError::UnexpectedValue(word)),
                    (true, Some(value)) => self.flags.push(value),
                    // A value that is also a flag can be given as `--flag=value`.
                    (true, None) => match words.next_if(|it| !is_flag(&flags, &it.text)) {
                        Some(value) => self.flags.push(value.text),
                        None => return Err(WordError::MissingValue(flag.long)),
                    },
                }
            }
        }
        Ok(())
    }
}

/// The first word, if it is UTF-8, and those behind it.
fn first_word(words: &[OsString]) -> Option<(&str, &[OsString])> {
    let (first, behind) = words.split_first()?;
    Some((first.to_str()?, behind))
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

/// Gives the words their positions, of which `first` is the first one.
fn numbered(words: Vec<OsString>, first: usize) -> Result<Vec<Word>, WordError> {
    let words = words.into_iter().zip(first..).map(|(word, at)| {
        let text = word.into_string().map_err(WordError::NotUtf8)?;
        Ok(Word { at, text })
    });
    words.collect()
}

/// Takes the flags before a command, with their values. Leaves `--version`, which no command has, and unknown flags.
fn take_flags(words: &mut Peekable<IntoIter<Word>>) -> Vec<Word> {
    let mut taken = Vec::new();
    // Most command lines have no such flag, and need no description of them.
    if !words.peek().is_some_and(|it| it.text.starts_with('-')) {
        return taken;
    }
    let mut flags = any_flags();
    flags.retain(|it| it.long != "--version");
    while let Some(word) = words.next_if(|it| is_flag(&flags, &it.text)) {
        let typed = typed_flags(&flags, &word.text).unwrap_or_default();
        let last = typed.last();
        let needs_value = last.is_some_and(|it| takes_value(it.info) && it.value.is_none());
        taken.push(word);
        taken.extend(words.next_if(|it| needs_value && !is_flag(&flags, &it.text)));
    }
    taken
}
