//! The pages of the programs, and of each command of `portctl`.

use argh::{ArgsInfo, CommandInfoWithArgs};
use port_registry_http::args::DaemonArgs;
use portctl::{GROUPS, command_line, with_aliases};
use roff::bold;

use crate::command_line::{describe, describe_commands, describe_exit_codes, show_use};
use crate::page::Page;

const CHECKOUTS_AND_NAMES: [&str; 3] = [
    "A port belongs to a checkout: a clone, a linked worktree, a submodule, or outside of git a folder. Its root is the \
     nearest folder upward with a `.git`, else with a `portctl.toml`, else the current folder. Its services keep their \
     ports when it switches branches.",
    "A service key has three parts: the app (the project), the instance and the service. In a repository, the app is its \
     name in the URL of `origin`, or else the folder of the main worktree; a `portctl.toml` may name another. The instance \
     is the branch, or in a linked worktree git's name of the worktree. During a rebase or a bisection it is the branch on \
     which that began, and on another detached HEAD `detached-` and seven digits of the commit. A submodule has its own \
     name and branch. Elsewhere the app is the name of the folder, and the instance is `default`. A checkout gets these \
     labels with its first port, and keeps them until its last port is released.",
    "If another checkout has the same labels, the instance gets a mark of the path, such as `main-5dca`, and a note says so. \
     `--app` and `--instance` mean exactly the service key with these labels, of whatever checkout.",
];

const PORTS: [&str; 2] = [
    "A service gets the port that it prefers, if portctl.toml(5) declares one, the checkout is the main one, and the port is \
     available. Otherwise it gets the lowest port that is neither allocated nor in use, from 3000 up to the start of the \
     kernel's ephemeral range, then from 1024 to 2999, then from the rest. Ports that browsers refuse to open, the daemon's \
     own, and those that Linux reserves (ip_local_reserved_ports) come last of all.",
    "A port stays with its service until it is released, whether the service runs or not.",
];

/// The page of `portctl`, and those of its commands.
pub(crate) fn portctl_pages(date: &str) -> Vec<Page> {
    let info = command_line();
    let mut pages = vec![portctl_page(&info, date)];
    for command in &info.commands {
        pages.push(command_page(command.name, &command.command, date));
    }
    pages
}

fn portctl_page(info: &CommandInfoWithArgs, date: &str) -> Page {
    let mut page = Page::new("portctl", '1', "give services TCP ports of their own", date);
    describe(&mut page, "portctl", info);
    page.section("COMMANDS");
    page.paragraph("Each command has a page of its own, such as portctl-get(1).");
    for (title, names) in GROUPS {
        page.subsection(title);
        for name in names {
            let command = info.commands.iter().find(|it| it.name == *name);
            let description = command.map_or("", |it| it.command.description);
            page.entry([bold(with_aliases(name))], description);
        }
    }
    show_use(&mut page, "portctl", info);
    page.section("CHECKOUTS AND NAMES");
    page.paragraphs(&CHECKOUTS_AND_NAMES);
    page.section("PORTS");
    page.paragraphs(&PORTS);
    page.files(&[
        (
            "portctl.toml",
            "Declares the services of a checkout, at its root. See portctl.toml(5).",
        ),
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
    ]);
    describe_exit_codes(&mut page, info);
    page.paragraph(
        "`portctl run` exits with the exit code of its command, with 127 if the command is not found, and with 126 if it cannot \
         be run. `portctl compose` exits with that of Docker Compose, and with 127 if there is none.",
    );
    let commands = info.commands.iter().map(|it| page_of(it.name));
    let mut others = vec!["portctl.toml(5)".to_owned(), "port-registry(1)".to_owned()];
    others.extend(commands);
    page.see_also(&others);
    page
}

/// The page of a command. It refers to the commands that serve the same purpose.
fn command_page(name: &str, info: &CommandInfoWithArgs, date: &str) -> Page {
    let line = format!("portctl {name}");
    let mut page = Page::new(
        &format!("portctl-{name}"),
        '1',
        &purpose(info.description),
        date,
    );
    describe(&mut page, &line, info);
    describe_commands(&mut page, &line, info);
    show_use(&mut page, &line, info);
    page.section("EXIT STATUS");
    page.paragraph("See portctl(1).");
    let group = GROUPS.iter().find(|(_, names)| names.contains(&name));
    let group = group.map_or(&[][..], |(_, names)| *names);
    let mut others = vec!["portctl(1)".to_owned(), "portctl.toml(5)".to_owned()];
    others.extend(group.iter().filter(|it| **it != name).map(|it| page_of(it)));
    page.see_also(&others);
    page
}

fn page_of(command: &str) -> String {
    format!("portctl-{command}(1)")
}

/// Makes a description the purpose of a page: without a capital letter and a full stop.
fn purpose(description: &str) -> String {
    let description = description.trim_end_matches('.');
    let mut letters = description.chars();
    let first = letters.next().map(|it| it.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The page of the daemon.
pub(crate) fn daemon_page(date: &str) -> Page {
    let info = DaemonArgs::get_args_info();
    let mut page = Page::new(
        "port-registry",
        '1',
        "serve the registry of TCP ports over HTTP",
        date,
    );
    describe(&mut page, "port-registry", &info);
    show_use(&mut page, "port-registry", &info);
    page.files(&[
        ("~/.port-registry/ports.redb", "The registry."),
        (
            "~/.port-registry/port-registry.pid",
            "The process id of the daemon.",
        ),
        (
            "~/.port-registry/port-registry.pid.lock",
            "Locked while the daemon runs.",
        ),
        (
            "~/.port-registry/port-registry.sock",
            "The Unix socket, beside the pidfile.",
        ),
    ]);
    describe_exit_codes(&mut page, &info);
    page.see_also(&["portctl(1)", "portctl-start(1)"]);
    page
}
