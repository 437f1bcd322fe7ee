//! The flags of the commands, and the words that stand for them.

use std::cell::LazyCell;

use argh::{CommandInfoWithArgs, FlagInfo, FlagInfoKind};

use super::definition::{DESCRIPTION, described};
use crate::suggestion;

/// The flag that all commands have.
const HELP: &str = "--help";
/// The flag that turns errors into JSON, too.
pub(super) const JSON: &str = "--json";

/// A flag as it was typed.
#[derive(Debug)]
pub(crate) struct TypedFlag {
    pub(crate) info: &'static FlagInfo<'static>,
    /// The value in the same word.
    pub(crate) value: Option<String>,
}

/// The commands, such as `skill install`, with their descriptions.
pub(super) fn all_commands() -> Vec<(String, &'static CommandInfoWithArgs)> {
    let commands = DESCRIPTION.commands.iter();
    let below = commands.clone().flat_map(|outer| {
        let commands = outer.command.commands.iter();
        commands.map(move |it| (format!("{} {}", outer.name, it.name), &it.command))
    });
    let commands = commands.map(|it| (it.name.to_owned(), &it.command));
    commands.chain(below).collect()
}

/// The flags of a command, or of portctl itself.
pub(super) fn flags_of(path: &[&str]) -> Vec<&'static FlagInfo<'static>> {
    described(path).flags.iter().collect()
}

/// The flags of all commands, except `--help`. A flag is the same in all commands that have it.
pub(crate) fn flags_of_commands() -> Vec<&'static FlagInfo<'static>> {
    let flags = all_commands().into_iter().flat_map(|(_, it)| it.flags);
    flags.filter(|it| it.long != HELP).collect()
}

/// The flags of portctl itself and of all commands.
pub(super) fn any_flags() -> Vec<&'static FlagInfo<'static>> {
    [flags_of(&[]), flags_of_commands()].concat()
}

/// Returns the flags that a word stands for, of which only the last one may have a value. Returns `None` if one of them
/// is unknown.
pub(crate) fn typed_flags(
    flags: &[&'static FlagInfo<'static>],
    word: &str,
) -> Option<Vec<TypedFlag>> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    if let Some(info) = flags.iter().find(|it| is_long_form(it, name)) {
        return Some(vec![TypedFlag { info, value }]);
    }
    let letters = word.strip_prefix('-')?;
    if letters.starts_with('-') {
        return None;
    }
    let mut typed = Vec::new();
    let mut letters = letters.chars();
    while let Some(letter) = letters.next() {
        // argh's description has no short form of it.
        let is_help = |it: &FlagInfo| letter == 'h' && it.long == HELP;
        let mut flags = flags.iter();
        let info = flags.find(|it| it.short == Some(letter) || is_help(it))?;
        let rest = letters.as_str();
        let value = match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if takes_value(info) && !rest.is_empty() => Some(rest),
            None => None,
        };
        if typed.is_empty() && is_misspelled(info, name) {
            return None;
        }
        let is_last = value.is_some();
        let value = value.map(str::to_owned);
        typed.push(TypedFlag { info, value });
        if is_last {
            break;
        }
    }
    Some(typed)
}

/// Compares a word with the long form of a flag. One dash is enough, as for the flags of programs in Go: otherwise `-json`
/// would be `-j -s on`.
pub(super) fn is_long_form(flag: &FlagInfo, word: &str) -> bool {
    let is_go = word.len() > 2 && flag.long.strip_prefix('-') == Some(word);
    flag.long == word || is_go
}

/// Returns the letter that is no flag, among at least two that are.
pub(super) fn unknown_letter(flags: &[&'static FlagInfo<'static>], word: &str) -> Option<char> {
    let is_known = |letter: &char| flags.iter().any(|it| it.short == Some(*letter));
    let letters = word.strip_prefix('-')?.chars();
    let (known, unknown): (Vec<char>, Vec<char>) = letters.partition(is_known);
    (known.len() > 1 && unknown.len() == 1).then(|| unknown[0])
}

/// Returns true if a word with one dash is a misspelled long flag: `-sevice` is not the service `evice`, and `-jsno` is
/// not the service `no`.
fn is_misspelled(flag: &FlagInfo, word: &str) -> bool {
    let (word, long) = (
        word.trim_start_matches('-'),
        flag.long.trim_start_matches('-'),
    );
    let is_alike = word.chars().next() == long.chars().next();
    word.len() > 2 && is_alike && suggestion::closest(word, [long]).is_some()
}

pub(super) fn is_flag(flags: &[&'static FlagInfo<'static>], word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && typed_flags(flags, word).is_some()
}

/// Returns true if one of these words stands for `--help`, maybe among other flags.
pub(super) fn ask_for_help<T: AsRef<str>>(words: impl Iterator<Item = T>) -> bool {
    have(words, HELP)
}

/// Returns true if one of these words stands for a flag of any command, maybe among others.
pub(super) fn have<T: AsRef<str>>(mut words: impl Iterator<Item = T>, long: &str) -> bool {
    // Most command lines have no flag, and need no description of them.
    let flags = LazyCell::new(any_flags);
    let typed = |word: &str| typed_flags(&flags, word).unwrap_or_default();
    words.any(|word| {
        let word = word.as_ref();
        word.starts_with('-') && typed(word).iter().any(|it| it.info.long == long)
    })
}

pub(crate) fn takes_value(flag: &FlagInfo) -> bool {
    matches!(flag.kind, FlagInfoKind::Option { .. })
}

#[cfg(test)]
mod tests {
    use super::{any_flags, flags_of, takes_value, typed_flags, unknown_letter};

    #[test]
    fn a_flag_has_one_form_and_one_kind_in_all_commands() {
        let flags = any_flags();
        for one in &flags {
            for other in &flags {
                let is_same_short = one.short.is_some() && one.short == other.short;
                if one.long == other.long || is_same_short {
                    let form = |it: &argh::FlagInfo| (it.long.to_owned(), takes_value(it));
                    assert_eq!(form(one), form(other));
                    assert_eq!(one.short, other.short, "{}", one.long);
                }
            }
        }
    }

    #[test]
    fn one_letter_among_others_may_be_unknown() {
        let flags = flags_of(&["list"]);
        for (word, letter) in [
            ("-alj", Some('l')),
            ("-al", None),
            ("-aj", None),
            ("-rfa", None),
        ] {
            assert_eq!(unknown_letter(&flags, word), letter, "{word}");
        }
    }

    #[test]
    fn a_misspelled_flag_with_one_dash_is_no_value_of_a_short_one() {
        let flags = flags_of(&["get"]);
        for word in [
            "-sevice",
            "-serv",
            "-servise=web",
            "-prot",
            "-serivce",
            "-jsno",
        ] {
            assert!(typed_flags(&flags, word).is_none(), "{word}");
        }
        for (word, value) in [
            ("-sweb", "web"),
            ("-sapp", "app"),
            ("-s=a=b", "a=b"),
            ("-p8080", "8080"),
        ] {
            let typed = typed_flags(&flags, word).unwrap();
            assert_eq!(typed[0].value.as_deref(), Some(value), "{word}");
        }
    }
}
