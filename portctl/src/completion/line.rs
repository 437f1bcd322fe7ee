//! The words before the cursor, understood as the parser understands them.

use argh::{CommandInfoWithArgs, FlagInfo, Optionality, PositionalInfo};

use crate::args::{self, DESCRIPTION, TypedFlag};

/// A flag of argh's description.
pub(super) type Flag = FlagInfo<'static>;

/// The words before the cursor.
#[derive(Debug)]
pub(super) struct TypedLine {
    /// The innermost command, or portctl itself.
    pub(super) command: &'static CommandInfoWithArgs,
    /// The flags that were given, with their values.
    pub(super) flags: Vec<TypedFlag>,
    /// The words that are no commands, flags or values.
    pub(super) plain: Vec<String>,
    pub(super) next: Expected,
}

/// A kind of word that the cursor may stand in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected {
    /// A flag, a command or a plain word.
    Any,
    /// A plain word, because a `--` ended the flags.
    Plain,
    /// The value of a flag.
    Value(&'static Flag),
    /// A word of the command of `portctl run`, which begins with the word at this position.
    OfProgram(usize),
    /// A word of Docker Compose.
    OfCompose,
    /// Nothing, because there is no such command.
    Nothing,
}

impl TypedLine {
    pub(super) fn read(words: &[String]) -> TypedLine {
        let mut line = TypedLine {
            command: &DESCRIPTION,
            flags: Vec::new(),
            plain: Vec::new(),
            next: Expected::Any,
        };
        for (index, word) in words.iter().enumerate() {
            match line.next {
                Expected::Nothing => break,
                Expected::Any | Expected::Value(_) if word == "--" && line.runs_programs() => {
                    line.next = Expected::OfProgram(index + 1);
                    break;
                }
                Expected::Any | Expected::Value(_) if word == "--" => line.next = Expected::Plain,
                Expected::Value(flag) if line.flags_in(word).is_empty() => {
                    line.flags.push(TypedFlag {
                        info: flag,
                        value: Some(word.clone()),
                    });
                    line.next = Expected::Any;
                }
                Expected::Any | Expected::Value(_) => line.take(word),
                Expected::Plain | Expected::OfProgram(_) | Expected::OfCompose => {
                    line.plain.push(word.clone());
                }
            }
        }
        line
    }

    /// Takes a word that is no value.
    fn take(&mut self, word: &str) {
        self.next = Expected::Any;
        if word.starts_with('-') && word != "-" {
            for flag in self.flags_in(word) {
                if args::takes_value(flag.info) && flag.value.is_none() {
                    self.next = Expected::Value(flag.info);
                } else {
                    self.flags.push(flag);
                }
            }
        } else if self.command.commands.is_empty() {
            self.plain.push(word.to_owned());
        } else if word != "help" {
            let name = args::resolved(word);
            match self.command.commands.iter().find(|it| it.name == name) {
                Some(found) => {
                    self.command = &found.command;
                    if found.name == args::COMPOSE {
                        self.next = Expected::OfCompose;
                    }
                }
                None => self.next = Expected::Nothing,
            }
        }
    }

    /// The flags that a word stands for, such as `--all`, `--app=shop`, `-sweb` and `-aj`. Before the command, it may
    /// be a flag of any command.
    fn flags_in(&self, word: &str) -> Vec<TypedFlag> {
        if !word.starts_with('-') || word == "-" {
            return Vec::new();
        }
        let mut flags: Vec<&'static Flag> = self.command.flags.iter().collect();
        if !self.command.commands.is_empty() {
            flags.extend(args::flags_of_commands());
        }
        args::typed_flags(&flags, word).unwrap_or_default()
    }

    /// Splits a word such as `--app=shop` or `-sweb`. Returns the flag, the text before its value, and the value.
    pub(super) fn flag_with_value<'w>(
        &self,
        word: &'w str,
    ) -> Option<(&'static Flag, &'w str, &'w str)> {
        let TypedFlag { info, value } = self.flags_in(word).pop()?;
        let value = value.filter(|_| args::takes_value(info))?;
        let (before, value) = word.split_at(word.len() - value.len());
        Some((info, before, value))
    }

    /// Returns the value of a flag that was given.
    pub(super) fn value(&self, long: &str) -> Option<&str> {
        let mut given = self.flags.iter().rev();
        given.find(|it| it.info.long == long)?.value.as_deref()
    }

    pub(super) fn has(&self, long: &str) -> bool {
        self.flags.iter().any(|it| it.info.long == long)
    }

    /// The flags of the command that may still be given.
    pub(super) fn further_flags(&self) -> impl Iterator<Item = &'static Flag> {
        let flags = args::visible_flags(self.command);
        flags.filter(|it| it.optionality == Optionality::Repeating || !self.has(it.long))
    }

    /// The argument that the next plain word stands for.
    pub(super) fn positional(&self) -> Option<&'static PositionalInfo<'static>> {
        let all = self.command.positionals;
        let repeating = || {
            let repeats = !args::takes_one_service(self.command.name);
            all.last()
                .filter(|it| repeats && it.optionality == Optionality::Repeating)
        };
        all.get(self.plain.len()).or_else(repeating)
    }

    /// Returns true if a command line follows a `--`.
    pub(super) fn runs_programs(&self) -> bool {
        self.command.name == args::RUN
    }
}
