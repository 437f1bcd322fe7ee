//! Writes the manual pages `portctl.1` and `port-registry.1`, of a day, into a folder.
//!
//! They are rendered from the definitions that the programs' own argument parsers use.

mod page;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use argh::ArgsInfo;
use port_registry_http::args::DaemonArgs;

use crate::page::Page;

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

#[expect(clippy::print_stderr, reason = "this program has no output of its own")]
fn failed(problem: &str) -> ExitCode {
    eprintln!("error: {problem}");
    ExitCode::FAILURE
}

fn write(folder: &Path, date: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for page in pages() {
        fs::write(folder.join(format!("{}.1", page.name)), page.render(date))?;
    }
    Ok(())
}

/// The pages that there are.
fn pages() -> [Page<'static>; 2] {
    [
        Page {
            name: "portctl",
            title: "give services TCP ports of their own",
            info: portctl::command_line(),
            sections: &[
                (
                    "NAMES",
                    &[
                        "A port belongs to a service of an instance of an app. In a repository the app is its \
                         name in the URL of `origin`, or else the main worktree's folder, and the instance is the \
                         branch; in a linked worktree the instance is the worktree's folder. On a detached HEAD it \
                         is `detached-` and the short commit. A submodule goes by its own name and branch. Outside \
                         of git the app is the folder, and the instance `default`.",
                        "Two checkouts that come out alike never share a port: the second one is told of the \
                         first, and `--instance` `NAME` with every command tells them apart.",
                    ],
                ),
                (
                    "PORTS",
                    &[
                        "Given out is the lowest port that is neither allocated nor in use, from 3000 up to where \
                         the kernel's own range begins, without those that browsers refuse to open; then from 1024 \
                         to 2999; then the rest. A port stays with its service until it is released.",
                    ],
                ),
            ],
            files: &[
                ("~/.port-registry/ports.redb", "The registry."),
                (
                    "~/.port-registry/ports.redb.lock",
                    "By its lock writers take turns; it is empty.",
                ),
                (
                    "~/.port-registry/portctl.lock",
                    "Locked while the daemon is started or stopped.",
                ),
                (
                    "~/.port-registry/port-registry.log",
                    "What the daemon that `portctl start` runs has logged.",
                ),
            ],
            exit_remark: Some(
                "`portctl run` ends with the exit code of its command; 127 if that is not found, and 126 if it \
                 cannot be run.",
            ),
            see_also: &["port-registry"],
        },
        Page {
            name: "port-registry",
            title: "serve the registry of TCP ports over HTTP",
            info: DaemonArgs::get_args_info(),
            sections: &[],
            files: &[
                ("~/.port-registry/ports.redb", "The registry."),
                (
                    "~/.port-registry/port-registry.pid",
                    "The daemon's process.",
                ),
                (
                    "~/.port-registry/port-registry.pid.lock",
                    "Locked while the daemon runs.",
                ),
            ],
            exit_remark: None,
            see_also: &["portctl"],
        },
    ]
}

#[cfg(test)]
mod tests {
    use argh::CommandInfoWithArgs;

    use super::pages;

    /// Everything that can be typed, by its names.
    fn names(info: &CommandInfoWithArgs) -> Vec<String> {
        let mut names: Vec<String> = info.flags.iter().map(|it| it.long.to_owned()).collect();
        names.extend(info.positionals.iter().map(|it| it.name.to_owned()));
        for command in &info.commands {
            names.push(command.name.to_owned());
            names.extend(self::names(&command.command));
        }
        names
    }

    #[test]
    fn a_page_tells_of_all_that_can_be_typed() {
        for page in pages() {
            let text = page.render("2026-01-31");
            let names = names(&page.info);
            assert!(names.len() >= 5, "{names:?}");
            for name in names {
                let name = name.replace('-', "\\-");
                assert!(text.contains(&name), "{name} is not in {text}");
            }
        }
    }

    #[test]
    fn a_page_has_the_sections_that_manuals_have() {
        for page in pages() {
            let text = page.render("2026-01-31");
            let sections: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix(".SH "))
                .collect();
            let expected = match page.name {
                "portctl" => vec![
                    "NAME",
                    "SYNOPSIS",
                    "DESCRIPTION",
                    "OPTIONS",
                    "COMMANDS",
                    "EXAMPLES",
                    "ENVIRONMENT",
                    "NAMES",
                    "PORTS",
                    "FILES",
                    "\"EXIT STATUS\"",
                    "\"SEE ALSO\"",
                ],
                _ => vec![
                    "NAME",
                    "SYNOPSIS",
                    "DESCRIPTION",
                    "OPTIONS",
                    "EXAMPLES",
                    "ENVIRONMENT",
                    "FILES",
                    "\"EXIT STATUS\"",
                    "\"SEE ALSO\"",
                ],
            };
            assert_eq!(sections, expected, "{text}");
        }
    }
}
