//! Writes the manual pages `portctl.1` and `port-registry.1` into a folder, with the date that is given.
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

#[expect(clippy::print_stderr, reason = "this program prints errors only")]
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

/// All pages.
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
                        "A port belongs to a service of an instance of an app. In a git checkout, the app is the \
                         name of the repository in the URL of `origin`, or else the folder of the main worktree. The \
                         instance is the branch, or in a linked worktree git's name of the worktree. During a rebase or \
                         a bisection it is the branch on which that began, and on another detached HEAD `detached-` and \
                         seven digits of the commit. A submodule has its own name and branch. \
                         Elsewhere the app is the name of the folder, and the instance is `default`.",
                        "Two checkouts with the same names never share a port: commands in the second one fail and \
                         name the first one. Pass `--instance` `NAME` to every command in one of them.",
                    ],
                ),
                (
                    "PORTS",
                    &[
                        "A service gets the lowest port that is neither allocated nor in use, from 3000 up to the \
                         start of the kernel's ephemeral range, then from 1024 to 2999, then from the rest. Ports \
                         that browsers refuse to open, the daemon's own, and those that Linux reserves \
                         (ip_local_reserved_ports) come last of all. A port stays with its service until it is \
                         released.",
                    ],
                ),
            ],
            files: &[
                ("~/.port-registry/ports.redb", "The registry."),
                (
                    "~/.port-registry/ports.redb.lock",
                    "The lock file of writers. Always empty.",
                ),
                (
                    "~/.port-registry/portctl.lock",
                    "Locked while the daemon is started or stopped.",
                ),
                (
                    "~/.port-registry/port-registry.log",
                    "The log of the daemon that `portctl start` runs.",
                ),
            ],
            exit_remark: Some(
                "`portctl run` exits with the exit code of its command, with 127 if the command is not found, and \
                 with 126 if it cannot be run.",
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
                    "The process id of the daemon.",
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

    /// The names of all flags, arguments and commands, with their short forms.
    fn names(info: &CommandInfoWithArgs) -> Vec<String> {
        let mut names: Vec<String> = info.flags.iter().map(|it| it.long.to_owned()).collect();
        let shorts = info.flags.iter().filter_map(|it| it.short);
        names.extend(shorts.map(|short| format!("-{short}, ")));
        names.extend(info.positionals.iter().map(|it| it.name.to_owned()));
        for command in &info.commands {
            names.push(portctl::with_aliases(command.name));
            names.extend(self::names(&command.command));
        }
        names
    }

    #[test]
    fn page_has_every_flag_argument_and_command() {
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
    fn page_has_the_usual_sections() {
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
