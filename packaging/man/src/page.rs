//! The layout of a manual page, after man-pages(7).

use argh::CommandInfoWithArgs;
use portctl::{
    Notes, SynopsisPiece, flag_with_value, synopsis, visible_flags, visible_positionals,
    with_aliases,
};
use roff::{Inline, Roff, bold, italic, roman};

/// A page of section 1.
pub(crate) struct Page<'a> {
    pub(crate) name: &'a str,
    /// The purpose of the program, in a few words.
    pub(crate) title: &'a str,
    pub(crate) info: CommandInfoWithArgs,
    /// Further sections before the files: titles and paragraphs.
    pub(crate) sections: &'a [(&'a str, &'a [&'a str])],
    /// Files and their descriptions.
    pub(crate) files: &'a [(&'a str, &'a str)],
    /// A paragraph after the exit codes.
    pub(crate) exit_remark: Option<&'a str>,
    /// Other pages of this section.
    pub(crate) see_also: &'a [&'a str],
}

impl Page<'_> {
    pub(crate) fn render(&self, date: &str) -> String {
        let version = concat!("port-registry ", env!("CARGO_PKG_VERSION"));
        let mut roff = Roff::new();
        let title = self.name.to_uppercase();
        roff.control("TH", [title.as_str(), "1", date, version]);
        // Do not hyphenate, so that searches find words and options.
        roff.control("nh", []);
        roff.control("ad", ["l"]);
        section(&mut roff, "NAME");
        roff.text([roman(format!("{} - {}", self.name, self.title))]);
        section(&mut roff, "SYNOPSIS");
        roff.text(synopsis_of(self.name, &self.info));
        section(&mut roff, "DESCRIPTION");
        roff.text(marked_up(self.info.description));
        let notes = Notes::of(&self.info);
        write_notes(&mut roff, &notes);
        section(&mut roff, "OPTIONS");
        flags(&mut roff, &self.info);
        entry(&mut roff, [bold("-h, --help")], HELP);
        if !self.info.commands.is_empty() {
            section(&mut roff, "COMMANDS");
            commands(&mut roff, self.name, &self.info);
        }
        if !self.info.examples.is_empty() {
            section(&mut roff, "EXAMPLES");
            examples(&mut roff, self.name, &self.info);
        }
        if !notes.environment.is_empty() {
            section(&mut roff, "ENVIRONMENT");
            for (variable, meaning) in &notes.environment {
                entry(&mut roff, [bold(*variable)], meaning);
            }
        }
        for (title, paragraphs) in self.sections {
            section(&mut roff, title);
            for paragraph in *paragraphs {
                roff.control("PP", []);
                roff.text(marked_up(paragraph));
            }
        }
        section(&mut roff, "FILES");
        for (file, meaning) in self.files {
            entry(&mut roff, [italic(*file)], meaning);
        }
        section(&mut roff, "EXIT STATUS");
        for code in self.info.error_codes {
            entry(&mut roff, [bold(code.code.to_string())], code.description);
        }
        if let Some(remark) = self.exit_remark {
            roff.control("PP", []);
            roff.text(marked_up(remark));
        }
        section(&mut roff, "SEE ALSO");
        let others = self.see_also.iter();
        roff.text(
            others
                .flat_map(|other| [bold(*other), roman("(1)")])
                .collect::<Vec<_>>(),
        );
        roff.render()
    }
}

const HELP: &str = "Print help for the program or a command.";

fn section(roff: &mut Roff, name: &str) {
    roff.control("SH", [name]);
}

/// A tagged paragraph: a term and its description.
fn entry(roff: &mut Roff, head: impl Into<Vec<Inline>>, body: &str) {
    roff.control("TP", []);
    roff.text(head);
    roff.text(marked_up(body));
}

/// Sets the text between backticks in bold.
fn marked_up(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    parts
        .filter(|(_, part)| !part.is_empty())
        .map(
            |(at, part)| {
                if at % 2 == 1 { bold(part) } else { roman(part) }
            },
        )
        .collect()
}

/// The synopsis of the command that `line` runs.
fn synopsis_of(line: &str, info: &CommandInfoWithArgs) -> Vec<Inline> {
    let words = synopsis(info).into_iter();
    let words = words.flat_map(|word| [vec![roman(" ")], inline(word)].concat());
    [bold(line)].into_iter().chain(words).collect()
}

fn inline(pieces: Vec<SynopsisPiece>) -> Vec<Inline> {
    let pieces = pieces.into_iter().map(|piece| match piece {
        SynopsisPiece::Literal(text) => bold(text),
        SynopsisPiece::Value(name) => italic(name),
        SynopsisPiece::Mark(mark) => roman(mark),
    });
    pieces.collect()
}

fn flags(roff: &mut Roff, info: &CommandInfoWithArgs) {
    for positional in visible_positionals(info) {
        entry(
            roff,
            [italic(positional.name.to_owned())],
            positional.description,
        );
    }
    for flag in visible_flags(info) {
        let short = flag.short.map(|short| bold(format!("-{short}, ")));
        let mut head: Vec<Inline> = short.into_iter().collect();
        head.extend(inline(flag_with_value(flag)));
        entry(roff, head, flag.description);
    }
}

/// All subcommands, and theirs.
fn commands(roff: &mut Roff, line: &str, info: &CommandInfoWithArgs) {
    for command in &info.commands {
        let title = format!("{line} {}", with_aliases(command.name));
        let line = format!("{line} {}", command.name);
        let info = &command.command;
        roff.control("SS", [title.as_str()]);
        roff.text(synopsis_of(&line, info));
        roff.control("PP", []);
        roff.text(marked_up(info.description));
        write_notes(roff, &Notes::of(info));
        flags(roff, info);
        examples(roff, &line, info);
        commands(roff, &line, info);
    }
}

fn examples(roff: &mut Roff, line: &str, info: &CommandInfoWithArgs) {
    let examples = info.examples.iter().flat_map(|it| it.lines());
    let examples: Vec<String> = examples
        .map(|example| example.replace("{command_name}", line))
        .collect();
    verbatim(roff, &examples);
}

/// Indented lines that keep their line breaks.
fn verbatim(roff: &mut Roff, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    roff.control("PP", []);
    roff.control("RS", ["4"]);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line.as_str())]);
    }
    roff.control("fi", []);
    roff.control("RE", []);
}

/// The paragraphs of notes. Indented lines in them keep their line breaks.
fn write_notes(roff: &mut Roff, notes: &Notes) {
    for paragraph in &notes.paragraphs {
        roff.control("PP", []);
        let (text, table): (Vec<&str>, Vec<&str>) =
            paragraph.lines().partition(|line| !line.starts_with(' '));
        roff.text(marked_up(&text.join("\n")));
        let table: Vec<String> = table.iter().map(|row| row.trim().to_owned()).collect();
        verbatim(roff, &table);
    }
}
