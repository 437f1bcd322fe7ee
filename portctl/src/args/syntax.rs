//! The parser of command lines, without texts about mistakes.
//!
//! argh accepts less than portctl does, so the words are rewritten before argh parses them.

use std::ffi::OsString;

use argh::{EarlyExit, FromArgs};

use super::definition::{Command, PROGRAM, Portctl, commands_below};
use super::words::{WordError, Words};

/// A correct command line.
pub(super) enum Syntax {
    Command(Box<Command>),
    Version,
    Help,
}

/// A mistake in a command line.
pub(super) enum SyntaxError {
    Word(WordError),
    /// A mistake that argh found, in its words.
    Argh(String),
    NoCommand,
    VersionOfCommand,
}

/// Parses the words after the name of the program. `words` gets them in the form that argh parses.
pub(super) fn parse_words(words: &mut Words, typed: Vec<OsString>) -> Result<Syntax, SyntaxError> {
    words.rewrite(typed).map_err(SyntaxError::Word)?;
    if words.help {
        return Ok(Syntax::Help);
    }
    // The program alone may have `--version`.
    if !words.path.is_empty() && !commands_below(&words.path).is_empty() {
        return Err(SyntaxError::NoCommand);
    }
    let parsed = Portctl::from_args(&[PROGRAM], &words.argv());
    let parsed = parsed.map_err(|EarlyExit { output, .. }| SyntaxError::Argh(output))?;
    match (parsed.version, parsed.command) {
        (false, Some(command)) => Ok(Syntax::Command(Box::new(command))),
        (true, None) => Ok(Syntax::Version),
        (false, None) => Err(SyntaxError::NoCommand),
        (true, Some(_)) => Err(SyntaxError::VersionOfCommand),
    }
}
