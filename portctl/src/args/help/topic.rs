//! The help text of the program or of one of its commands.

use std::borrow::Cow;

use argh::CommandInfoWithArgs;

use super::groups::GROUPS;
use super::notes::Notes;
use super::synopsis::{
    SynopsisPiece, flag_with_value, operands, visible_flags, visible_positionals,
};
use super::table::{HelpTable, aligned};
use crate::args::aliases::with_aliases;
use crate::args::definition::{PROGRAM, described};
use crate::output::{labelled, wrapped};

/// Stands for a space at which a line must not end.
const NO_BREAK_SPACE: &str = "\u{a0}";

/// The program, or one of its commands.
#[derive(Debug)]
pub(crate) struct HelpTopic {
    /// The words that run the command.
    line: String,
    info: &'static CommandInfoWithArgs,
}

impl HelpTopic {
    /// Returns the topic of a command, such as `skill install`, or of the program.
    pub(crate) fn of(path: &[&str]) -> HelpTopic {
        HelpTopic {
            line: [&[PROGRAM], path].concat().join(" "),
            info: described(path),
        }
    }

    /// Formats the text to at most `width` columns. Examples may be wider, because people copy them.
    pub(crate) fn text(&self, width: usize) -> String {
        let notes = Notes::of(self.info);
        let mut sections = vec![
            self.usage(width),
            wrapped(self.info.description, Some(width)),
        ];
        let mut tables = self.commands();
        tables.extend([self.arguments(), self.options()]);
        sections.extend(aligned(&tables, width));
        sections.extend(self.examples());
        if !notes.paragraphs.is_empty() {
            sections.push(paragraphs("Notes:", &notes.paragraphs, width));
        }
        let environment = notes.environment.iter();
        let environment = environment.map(|(name, meaning)| ((*name).to_owned(), *meaning));
        sections.extend(aligned(
            &[HelpTable::new("Environment:", environment)],
            width,
        ));
        let codes = self.info.error_codes.iter();
        let codes = codes.map(|it| (it.code.to_string(), it.description));
        sections.extend(aligned(&[HelpTable::new("Exit codes:", codes)], width));
        sections.join("\n\n")
    }

    fn usage(&self, width: usize) -> String {
        let words = operands(self.info).into_iter();
        let words = words.map(|word| word.iter().map(shown).collect());
        // The options are listed below.
        let words = [self.line.clone(), "[options]".to_owned()]
            .into_iter()
            .chain(words);
        let words: Vec<String> = words.map(|it| it.replace(' ', NO_BREAK_SPACE)).collect();
        labelled("Usage: ", &words.join(" "), Some(width)).replace(NO_BREAK_SPACE, " ")
    }

    fn commands(&self) -> Vec<HelpTable> {
        let table = |title: &str, names: &[&str]| {
            let commands = names.iter().filter_map(|name| {
                let mut commands = self.info.commands.iter();
                commands.find(|command| command.name == *name)
            });
            let rows = commands.map(|it| (with_aliases(it.name), it.command.description));
            HelpTable::new(format!("{title}:"), rows)
        };
        if self.line == PROGRAM {
            return GROUPS.map(|(title, names)| table(title, names)).into();
        }
        let names = self.info.commands.iter().map(|command| command.name);
        vec![table("Commands", &names.collect::<Vec<_>>())]
    }

    fn arguments(&self) -> HelpTable {
        let arguments = visible_positionals(self.info);
        let rows = arguments.map(|it| (format!("<{}>", it.name), it.description));
        HelpTable::new("Arguments:", rows)
    }

    fn options(&self) -> HelpTable {
        let flags = visible_flags(self.info).map(|flag| {
            let long: String = flag_with_value(flag).iter().map(shown).collect();
            let name = match flag.short {
                Some(short) => format!("-{short}, {long}"),
                None => format!("    {long}"),
            };
            (name, flag.description)
        });
        let help = (HELP_FLAGS.join(", "), HELP_MEANING);
        HelpTable::new("Options:", flags.chain([help]))
    }

    fn examples(&self) -> Option<String> {
        let lines = self.info.examples.iter().flat_map(|it| it.lines());
        let lines = lines.map(|line| format!("\n  {}", line.replace("{command_name}", &self.line)));
        let lines: String = lines.collect();
        (!lines.is_empty()).then(|| format!("Examples:{lines}"))
    }
}

/// Flags that every command has.
pub(crate) const HELP_FLAGS: [&str; 2] = ["-h", "--help"];
pub(crate) const HELP_MEANING: &str = "print this help";

fn shown(piece: &SynopsisPiece) -> String {
    match piece {
        SynopsisPiece::Literal(text) => text.clone(),
        SynopsisPiece::Value(name) => format!("<{name}>"),
        SynopsisPiece::Mark(mark) => (*mark).to_owned(),
    }
}

/// Formats paragraphs under a title. Indented lines in them stay lines of their own.
fn paragraphs(title: &str, paragraphs: &[Cow<str>], width: usize) -> String {
    let lines = paragraphs.join("\n\n");
    let lines = lines.lines().map(|line| match line {
        "" => String::new(),
        line => format!("  {line}"),
    });
    let lines: Vec<String> = lines.collect();
    wrapped(&format!("{title}\n{}", lines.join("\n")), Some(width))
}
