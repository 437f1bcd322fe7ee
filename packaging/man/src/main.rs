//! Writes the manual pages into a folder such as `/usr/share/man`, with the date that is given.
//!
//! Those of the programs and of each command are rendered from the definitions that the programs' own argument parsers use.

mod command_line;
mod page;
mod programs;
mod project_file;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use crate::page::Page;
use crate::programs::{daemon_page, portctl_pages};
use crate::project_file::project_file_page;

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let (Some(folder), Some(date), None) = (words.next(), words.next(), words.next()) else {
        return failed("usage: port-registry-man FOLDER YYYY-MM-DD");
    };
    match write(Path::new(&folder), &date.to_string_lossy()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("cannot write to {}: {error}", folder.display())),
    }
}

#[expect(clippy::print_stderr, reason = "this program prints errors only")]
fn failed(problem: &str) -> ExitCode {
    eprintln!("error: {problem}");
    ExitCode::FAILURE
}

fn write(folder: &Path, date: &str) -> io::Result<()> {
    for page in pages(date) {
        let path = folder.join(page.path());
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, page.render())?;
    }
    Ok(())
}

/// All pages.
fn pages(date: &str) -> Vec<Page> {
    let mut pages = portctl_pages(date);
    pages.extend([daemon_page(date), project_file_page(date)]);
    pages
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use argh::{ArgsInfo, CommandInfoWithArgs};
    use port_registry_http::args::DaemonArgs;

    use super::pages;

    /// The texts of all pages by their paths.
    fn texts() -> HashMap<String, String> {
        let pages = pages("2026-01-31");
        let texts = pages.iter().map(|it| (it.path(), it.render()));
        texts.collect()
    }

    /// The names of all flags, arguments and commands below a command, with their short forms.
    fn names(info: &CommandInfoWithArgs) -> Vec<String> {
        let mut names: Vec<String> = info.flags.iter().map(|it| it.long.to_owned()).collect();
        let shorts = info.flags.iter().filter_map(|it| it.short);
        names.extend(shorts.map(|short| format!("-{short}, ")));
        names.extend(info.positionals.iter().map(|it| it.name.to_owned()));
        for command in &info.commands {
            names.push(command.name.to_owned());
            names.extend(self::names(&command.command));
        }
        names
    }

    #[track_caller]
    fn assert_has(text: &str, names: impl IntoIterator<Item = String>) {
        for name in names {
            let name = name.replace('-', "\\-");
            assert!(text.contains(&name), "{name} is not in {text}");
        }
    }

    #[test]
    fn page_of_each_command_has_every_flag_and_argument() {
        let texts = texts();
        let portctl = portctl::command_line();
        for command in &portctl.commands {
            let text = &texts[&format!("man1/portctl-{}.1", command.name)];
            assert_has(text, names(&command.command));
        }
        assert_has(
            &texts["man1/port-registry.1"],
            names(&DaemonArgs::get_args_info()),
        );
        let commands = portctl.commands.iter();
        let commands = commands.map(|it| portctl::with_aliases(it.name));
        assert_has(&texts["man1/portctl.1"], commands);
    }

    #[test]
    fn references_to_other_pages_name_pages_that_exist() {
        let texts = texts();
        for (path, text) in &texts {
            let (_, others) = text.split_once("\"SEE ALSO\"").unwrap();
            let others = others.replace("\\fB", "").replace("\\fR", "");
            let others = others.replace("\\-", "-").replace("\\&", "");
            for other in others.split(',').map(str::trim) {
                let (name, section) = other.trim_end_matches(')').split_once('(').unwrap();
                let other = format!("man{section}/{name}.{section}");
                assert!(texts.contains_key(&other), "{path} refers to {other}");
            }
        }
    }
}
