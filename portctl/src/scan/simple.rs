//! A simple command of a shell, and the ports that it has a server listen on.

use port_registry::Port;

use super::programs::{
    INTERPRETERS, NO_SERVERS, ProgramSet, SETTERS, WITH_ADDRESS, WITH_LONG_FLAG, WITH_SHORT_FLAG,
    WRAPPERS,
};
use super::{mapping, port};

/// How the names of a project's own programs end.
const SOURCES: &[&str] = &[".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".php"];

/// The flags by which some servers are told an address to listen on.
const ADDRESS_FLAGS: &[&str] = &["-b", "--bind", "-l", "--listen"];

/// A simple command: what it sets, what it runs, and with what arguments.
pub(super) struct SimpleCommand<'a> {
    assignments: Vec<(&'a str, &'a str)>,
    program: &'a str,
    /// Whether the program is named by where it is in the project, such as `bin/server`.
    is_path: bool,
    arguments: &'a [String],
    /// All of it: what wraps a command may be given flags that are meant for that.
    words: &'a [String],
}

impl SimpleCommand<'_> {
    pub(super) fn of(words: &[String]) -> SimpleCommand<'_> {
        let mut assignments = Vec::new();
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            let is_passed_over = if let Some((name, value)) = assignment(word) {
                assignments.push((name, value));
                true
            } else {
                let name = base_name(word);
                // The value of a wrapper's `--port`, say.
                let is_number = word.bytes().all(|digit| digit.is_ascii_digit());
                let is_known = SETTERS.contains(name) || WRAPPERS.contains(name);
                is_known || is_number || word.starts_with('-')
            };
            if !is_passed_over {
                break;
            }
            rest = behind;
        }
        // What wraps a command may have arguments of its own before it.
        let is_wrapped =
            rest.len() < words.len() && words.iter().any(|it| base_name(it) == "dotenv");
        if is_wrapped && let Some(at) = rest.iter().position(|word| word == "--") {
            rest = &rest[at + 1..];
        }
        let (program, arguments) = match rest.split_first() {
            Some((program, arguments)) => (base_name(program), arguments),
            None => ("", rest),
        };
        let named = rest.first().map_or("", String::as_str);
        let mut simple = SimpleCommand {
            assignments,
            is_path: named.contains('/')
                && !named.starts_with('/')
                && !named.contains("node_modules"),
            program,
            arguments,
            words,
        };
        simple.enter_module();
        simple
    }

    /// A module that Python runs is the program.
    fn enter_module(&mut self) {
        if !self.program.starts_with("python") {
            return;
        }
        if let [flag, module, arguments @ ..] = self.arguments
            && flag == "-m"
        {
            self.program = module;
            self.arguments = arguments;
        }
    }

    /// The ports that it listens on, and whether each is a guess.
    pub(super) fn ports(&self) -> Vec<(Port, bool)> {
        if NO_SERVERS.contains(self.program) {
            return Vec::new();
        }
        let assignments = self.assignments.iter().filter_map(|(name, value)| {
            let is_port = *name == "PORT" || name.ends_with("_PORT");
            let port = port(value).filter(|_| is_port)?;
            Some((port, *name != "PORT"))
        });
        let mut ports: Vec<(Port, bool)> = assignments.collect();
        if matches!(self.program, "docker" | "podman") {
            ports.extend(self.published().into_iter().map(|port| (port, false)));
            return ports;
        }
        for (at, word) in self.words.iter().enumerate() {
            let next = self.words.get(at + 1).map(String::as_str);
            ports.extend(self.port_in(word, next));
        }
        if self.program == "http.server" {
            let first = self.arguments.first().and_then(|word| port(word));
            ports.extend(first.map(|port| (port, false)));
        }
        ports
    }

    /// Whether it is known to be a server, or a program of the project's own.
    fn is_server(&self) -> bool {
        let is_in = |programs: ProgramSet| programs.contains(self.program);
        let is_source = |word: &str| SOURCES.iter().any(|end| word.ends_with(end));
        // `npm run dev -- --port 3000`
        let is_manager = |word: &str| matches!(word, "npm" | "pnpm" | "yarn" | "bun");
        let mut pairs = self.words.windows(2);
        let is_script = pairs.any(|pair| is_manager(&pair[0]) && pair[1] == "run");
        let is_path = self.is_path && !self.program.contains("wait");
        // Both run a program of the project's own by its name.
        let mut pairs = self.words.windows(2);
        let is_run = pairs.any(|pair| match base_name(&pair[0]) {
            "nodemon" => true,
            "bun" => !matches!(&*pair[1], "x" | "run"),
            _ => false,
        });
        is_in(WITH_SHORT_FLAG)
            || is_in(WITH_LONG_FLAG)
            || is_in(INTERPRETERS)
            || is_source(self.program)
            || is_script
            || is_run
            || is_path
    }

    /// The port that an argument tells, perhaps with the next one.
    fn port_in(&self, word: &str, next: Option<&str>) -> Option<(Port, bool)> {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => (flag, Some(value)),
            _ => (word, next),
        };
        let value = value.unwrap_or_default();
        if flag == "--port" {
            return Some((port(value)?, !self.is_server()));
        }
        if flag.starts_with("--") && flag.ends_with("-port") {
            return Some((port(value)?, true));
        }
        if flag == "runserver" || (self.program == "php" && flag == "-S") {
            return Some((port_of_address(value)?, false));
        }
        if ADDRESS_FLAGS.contains(&flag) && WITH_ADDRESS.contains(self.program) {
            return Some((port_of_address(value)?, false));
        }
        if self.program == "jekyll" && flag == "-P" {
            return Some((port(value)?, false));
        }
        let value = match flag.strip_prefix("-p")? {
            "" => value,
            attached => attached,
        };
        Some((port(value)?, !WITH_SHORT_FLAG.contains(self.program)))
    }

    /// The ports that a container publishes.
    fn published(&self) -> Vec<Port> {
        let is_run = self.arguments.iter().find(|word| !word.starts_with('-'));
        let is_run = match is_run.map(String::as_str) {
            Some("container") => self.arguments.iter().any(|word| word == "run"),
            command => command == Some("run"),
        };
        if !is_run {
            return Vec::new();
        }
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let published = mapping::published(&arguments).into_iter();
        let mappings = published.filter_map(|(_, text)| mapping::parse(text).ok());
        mappings.flatten().map(|mapping| mapping.host).collect()
    }
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// `NAME=value`
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    is_name.then_some((name, value))
}

/// The port of `[HOST:]PORT`.
fn port_of_address(address: &str) -> Option<Port> {
    port(address.rsplit(':').next()?)
}
