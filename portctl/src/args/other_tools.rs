//! Commands of other tools, and what to type here.

use super::suggested::may_be_service;
use crate::output::wording;
use crate::service_name::port_of;

/// Commands of portctl, and the words that other tools have for them.
const COMMANDS: [(&str, &[&str]); 14] = [
    (
        "get",
        &[
            "add", "alloc", "assign", "claim", "create", "new", "port", "reserve", "set", "take",
            "use",
        ],
    ),
    (
        "release",
        &[
            "dealloc",
            "deallocate",
            "del",
            "delete",
            "drop",
            "forget",
            "give-back",
            "remove",
            "return",
            "unlock",
            "unregister",
        ],
    ),
    (
        "list",
        &[
            "all", "ll", "lsof", "netstat", "overview", "ports", "ps", "services", "show", "ss",
        ],
    ),
    (
        "check",
        &[
            "available",
            "find",
            "inspect",
            "lookup",
            "query",
            "test",
            "used",
            "where",
            "which",
            "who",
            "whois",
            "whose",
        ],
    ),
    ("url", &["address", "host", "link", "uri", "urls"]),
    ("open", &["browse", "browser", "launch", "view", "visit"]),
    (
        "wait",
        &["await", "poll", "ready", "wait-for", "wait-on", "wait-port"],
    ),
    (
        "move",
        &["change", "mv", "reassign", "relocate", "renumber", "switch"],
    ),
    ("env", &["dotenv", "environment", "vars", "variables"]),
    ("prune", &["clean", "cleanup", "gc", "purge", "tidy"]),
    ("start", &["daemon", "server"]),
    ("health", &["ping"]),
    ("export", &["backup", "dump", "save"]),
    ("import", &["load", "restore"]),
];

/// Programs that start servers of projects, or lead to those that do.
const RUNNERS: [&str; 29] = [
    "bash", "bun", "bundle", "bunx", "cargo", "deno", "docker", "dotnet", "flask", "go", "gradle",
    "java", "make", "mvn", "next", "node", "npm", "npx", "php", "pnpm", "podman", "poetry",
    "python", "python3", "rails", "sh", "uv", "vite", "yarn",
];

/// The advice on a command of other tools.
pub(super) enum Advice {
    /// This command, with the arguments as they are.
    Command(&'static str),
    /// This word and its arguments, behind the `--` of `portctl run`.
    Run,
    /// An explanation.
    Text(String),
}

/// Finds the advice on a command, or returns `None` if it is not known. `arguments` are the words behind it.
pub(super) fn advice(word: &str, arguments: &[String]) -> Option<Advice> {
    let port = arguments.iter().find_map(|it| port_of(it));
    // Name nothing to release that was not typed.
    let service = arguments.iter().find(|it| may_be_service(it));
    let released = match (port, service) {
        (Some(port), _) => Some(format!(" {port}")),
        (None, service) => service.map(|it| wording::service(it)),
    };
    let has_dashes = arguments.iter().any(|it| it == "--");
    Some(match word {
        "kill" | "killall" | "fkill" | "kill-port" | "killport" => Advice::Text(format!(
            "portctl never ends a process, because it may belong to someone else; `portctl check{}` names it",
            released.unwrap_or_else(|| " 3000".to_owned())
        )),
        "free" | "is-free" | "unblock" => Advice::Text(match released {
            Some(released) => format!(
                "`portctl check{released}` shows whether a port is available, and `portctl release{released}` \
                 releases it"
            ),
            None => "`portctl check 3000` shows whether a port is available".to_owned(),
        }),
        "exec" | "up" | "with" | "serve" | "dev" if has_dashes => Advice::Command("run"),
        "up" => Advice::Text(
            "`portctl compose up` starts the services of a Compose file; for another command, name it behind a --, as in \
             `portctl run web -- npm run dev`"
                .to_owned(),
        ),
        "exec" | "with" | "serve" | "dev" => Advice::Text(
            "name the command that starts the service behind a --, as in `portctl run web -- npm run dev`".to_owned(),
        ),
        "down" => Advice::Text(
            "`portctl compose down` stops the services of a Compose file, and others stop where they were started; \
             `portctl release` releases the ports of this checkout, and \
             `portctl stop` stops the daemon"
                .to_owned(),
        ),
        "register" | "adopt" => Advice::Text(
            "`portctl scan --register` registers the fixed ports of this project, and `portctl allocate web --port \
             3000 --adopt` a single one"
                .to_owned(),
        ),
        "config" | "settings" => Advice::Text(
            "portctl has no settings but environment variables, which `portctl --help` lists".to_owned(),
        ),
        "install" | "login" | "setup" => Advice::Text(
            "there is nothing to set up; `portctl get web` prints a port for the service web of this checkout".to_owned(),
        ),
        "docker-compose" => Advice::Command("compose"),
        "docker" if arguments.first().is_some_and(|it| it == "compose") => {
            let words = arguments.iter().map(|it| wording::quoted(it));
            let words: Vec<_> = words.collect();
            Advice::Text(format!("did you mean `portctl {}`?", words.join(" ")))
        }
        word if RUNNERS.contains(&word) => Advice::Run,
        "log" | "logs" => Advice::Text(
            "the daemon that `portctl start` starts logs to ~/.port-registry/port-registry.log".to_owned(),
        ),
        _ => {
            let (command, _) = COMMANDS.iter().find(|(_, words)| words.contains(&word))?;
            match *command {
                "get" if port.is_some() && arguments.len() == 1 => Advice::Command("check"),
                "list" if port.is_some() => Advice::Command("check"),
                command => Advice::Command(command),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{COMMANDS, RUNNERS};
    use crate::args::aliases::ALIASES;
    use crate::args::definition::DESCRIPTION;

    fn is_command(word: &str) -> bool {
        let mut commands = DESCRIPTION.commands.iter();
        commands.any(|it| it.name == word) || ALIASES.iter().any(|(alias, _)| *alias == word)
    }

    #[test]
    fn every_word_stands_for_a_command_that_exists_and_is_none_itself() {
        let mut seen = BTreeSet::new();
        assert!(RUNNERS.iter().all(|it| !is_command(it) && seen.insert(it)));
        for (command, words) in COMMANDS {
            assert!(is_command(command), "{command}");
            for word in words {
                assert!(!is_command(word) && seen.insert(word), "{word}");
            }
        }
    }
}
