//! The sections of a page that come from the definition of a command line.

use argh::CommandInfoWithArgs;
use portctl::{
    Notes, SynopsisPiece, flag_with_value, synopsis, visible_flags, visible_positionals,
};
use roff::{Inline, bold, italic, roman};

use crate::page::Page;

/// Writes what the command does, and with which options.
pub(crate) fn describe(page: &mut Page, line: &str, info: &CommandInfoWithArgs) {
    page.section("SYNOPSIS");
    page.text(synopsis_of(line, info));
    page.section("DESCRIPTION");
    page.paragraph(info.description);
    write_notes(page, info);
    page.section("OPTIONS");
    write_arguments(page, info);
    page.entry([bold("-h, --help")], "Print the help.");
}

/// Writes the commands below a command, each with its options.
pub(crate) fn describe_commands(page: &mut Page, line: &str, info: &CommandInfoWithArgs) {
    if info.commands.is_empty() {
        return;
    }
    page.section("COMMANDS");
    for command in &info.commands {
        let line = format!("{line} {}", command.name);
        let info = &command.command;
        page.subsection(&line);
        page.text(synopsis_of(&line, info));
        page.paragraph(info.description);
        write_notes(page, info);
        write_arguments(page, info);
        write_examples(page, &line, info);
    }
}

/// Writes examples and environment variables.
pub(crate) fn show_use(page: &mut Page, line: &str, info: &CommandInfoWithArgs) {
    if !info.examples.is_empty() {
        page.section("EXAMPLES");
        write_examples(page, line, info);
    }
    let environment = Notes::of(info).environment;
    if !environment.is_empty() {
        page.section("ENVIRONMENT");
        for (variable, meaning) in environment {
            page.entry([bold(variable)], meaning);
        }
    }
}

/// Writes the exit codes.
pub(crate) fn describe_exit_codes(page: &mut Page, info: &CommandInfoWithArgs) {
    page.section("EXIT STATUS");
    for code in info.error_codes {
        page.entry([bold(code.code.to_string())], code.description);
    }
}

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

fn write_arguments(page: &mut Page, info: &CommandInfoWithArgs) {
    for positional in visible_positionals(info) {
        page.entry([italic(positional.name)], positional.description);
    }
    for flag in visible_flags(info) {
        let short = flag.short.map(|short| bold(format!("-{short}, ")));
        let mut head: Vec<Inline> = short.into_iter().collect();
        head.extend(inline(flag_with_value(flag)));
        page.entry(head, flag.description);
    }
}

fn write_examples(page: &mut Page, line: &str, info: &CommandInfoWithArgs) {
    for examples in info.examples {
        page.verbatim(examples.replace("{command_name}", line).lines());
    }
}

/// Writes the paragraphs of notes. Indented lines in them keep their line breaks.
fn write_notes(page: &mut Page, info: &CommandInfoWithArgs) {
    for paragraph in Notes::of(info).paragraphs {
        let (text, table): (Vec<&str>, Vec<&str>) =
            paragraph.lines().partition(|line| !line.starts_with(' '));
        page.paragraph(&text.join("\n"));
        page.verbatim(table.into_iter().map(str::trim));
    }
}
