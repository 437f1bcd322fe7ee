//! The synopsis of a command.

use argh::{CommandInfoWithArgs, FlagInfo, FlagInfoKind, Optionality, PositionalInfo};

use crate::args::definition::{COMPOSE, RUN};
use crate::args::service_commands::takes_one_service;

/// A piece of a synopsis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SynopsisPiece {
    /// Typed as it is.
    Literal(String),
    /// The name of a value.
    Value(String),
    /// A bracket, an ellipsis or a space.
    Mark(&'static str),
}

use SynopsisPiece::{Literal, Mark, Value};

/// The words behind the name of a command. The pieces of a word belong on one line.
pub fn synopsis(info: &CommandInfoWithArgs) -> Vec<Vec<SynopsisPiece>> {
    let flags = visible_flags(info).map(flag_word);
    flags.chain(operands(info)).collect()
}

/// The words of a synopsis that are no flags.
pub(super) fn operands(info: &CommandInfoWithArgs) -> Vec<Vec<SynopsisPiece>> {
    let positionals = visible_positionals(info).map(|it| positional_word(info, it));
    let mut words: Vec<_> = positionals.collect();
    // argh does not know that the command of `portctl run` follows a `--`.
    if info.name == RUN {
        let command = Value("command".to_owned());
        words.push(vec![Literal("--".to_owned()), Mark(" "), command]);
        words.push(optional(vec![Value("argument".to_owned())], "]..."));
    }
    if info.name == COMPOSE {
        words.push(optional(vec![Value("argument".to_owned())], "]..."));
    }
    if !info.commands.is_empty() {
        words.push(vec![Value("command".to_owned())]);
        words.push(optional(vec![Value("argument".to_owned())], "]..."));
    }
    words
}

/// The flags of a command that its help shows, except `--help`, which all commands have.
pub fn visible_flags(info: &CommandInfoWithArgs) -> impl Iterator<Item = &FlagInfo<'static>> {
    let flags = info.flags.iter();
    flags.filter(|flag| !flag.hidden && flag.long != "--help")
}

/// The positional arguments of a command that its help shows.
pub fn visible_positionals(
    info: &CommandInfoWithArgs,
) -> impl Iterator<Item = &PositionalInfo<'static>> {
    info.positionals.iter().filter(|it| !it.hidden)
}

/// A flag with the name of its value.
pub fn flag_with_value(flag: &FlagInfo) -> Vec<SynopsisPiece> {
    let mut pieces = vec![Literal(flag.long.to_owned())];
    if let FlagInfoKind::Option { arg_name } = flag.kind {
        pieces.extend([Mark(" "), Value(arg_name.to_owned())]);
    }
    pieces
}

fn flag_word(flag: &FlagInfo) -> Vec<SynopsisPiece> {
    let pieces = flag_with_value(flag);
    match (&flag.optionality, &flag.kind) {
        // argh calls switches required, too.
        (Optionality::Required, FlagInfoKind::Option { .. }) => pieces,
        (Optionality::Repeating, _) => optional(pieces, "]..."),
        _ => optional(pieces, "]"),
    }
}

fn positional_word(info: &CommandInfoWithArgs, positional: &PositionalInfo) -> Vec<SynopsisPiece> {
    let name = Value(positional.name.to_owned());
    // argh does not know which of them are required, because `--service` may replace them.
    match (info.name, &positional.optionality) {
        (command, _) if takes_one_service(command) => vec![name],
        (_, Optionality::Required) => vec![name],
        (_, Optionality::Optional) => optional(vec![name], "]"),
        (_, Optionality::Repeating | Optionality::Greedy) => optional(vec![name], "]..."),
    }
}

fn optional(pieces: Vec<SynopsisPiece>, end: &'static str) -> Vec<SynopsisPiece> {
    [vec![Mark("[")], pieces, vec![Mark(end)]].concat()
}
