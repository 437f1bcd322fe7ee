//! A simple command of a shell, and the ports that it listens on.

use port_registry::Port;

use super::port_mapping;
use super::port_number::{parse_port, parse_port_of_address};
use crate::programs::{
    INTERPRETERS, NO_SERVERS, SETTERS, WRAPPERS, assignment, base_name, is_with_address,
    is_with_long_flag, is_with_short_flag, is_with_upper_flag,
};

/// File name extensions of source files, which are the project's own programs.
const SOURCE_EXTENSIONS: &[&str] = &[".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".php"];

/// Flags of some servers for the address to listen on.
const ADDRESS_FLAGS: &[&str] = &["-b", "--bind", "-l", "--listen"];

/// A simple command, split into assignments, program and arguments.
pub(super) struct SimpleCommand<'a> {
    assignments: Vec<(&'a str, &'a str)>,
    program: &'a str,
    /// The program is named by a path in the project, such as `bin/server`.
    is_path: bool,
    arguments: &'a [String],
    /// All words, because a wrapper such as `npm run` may pass its flags on to the program.
    words: &'a [String],
}

impl SimpleCommand<'_> {
    pub(super) fn of(words: &[String]) -> SimpleCommand<'_> {
        let mut assignments = Vec::new();
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first() {
            let is_skipped = if let Some((name, value)) = assignment(word) {
                assignments.push((name, value));
                true
            } else {
                let name = base_name(word);
                // A number is the value of a wrapper's flag, such as `--port`.
                let is_number = word.bytes().all(|digit| digit.is_ascii_digit());
                let is_known = SETTERS.contains(name) || WRAPPERS.contains(name);
                is_known || is_number || word.starts_with('-')
            };
            if !is_skipped {
                break;
            }
            rest = behind;
        }
        // dotenv takes arguments of its own before `--`.
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

    /// For `python -m MODULE`, the module is the program.
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

    /// Returns the ports that the command listens on. The flag is true for guesses.
    pub(super) fn ports(&self) -> Vec<(Port, bool)> {
        if NO_SERVERS.contains(self.program) {
            return Vec::new();
        }
        let assignments = self.assignments.iter().filter_map(|(name, value)| {
            let is_port = *name == "PORT" || name.ends_with("_PORT");
            let port = parse_port(value).filter(|_| is_port)?;
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
            let first = self.arguments.first().and_then(|word| parse_port(word));
            ports.extend(first.map(|port| (port, false)));
        }
        ports
    }

    /// Accepts known servers and the project's own programs: their `--port` sets the port that they listen on.
    fn is_server(&self) -> bool {
        let is_source = |word: &str| SOURCE_EXTENSIONS.iter().any(|end| word.ends_with(end));
        // `npm run dev -- --port 3000`
        let is_manager = |word: &str| matches!(word, "npm" | "pnpm" | "yarn" | "bun");
        let mut pairs = self.words.windows(2);
        let is_script = pairs.any(|pair| is_manager(&pair[0]) && pair[1] == "run");
        let is_path = self.is_path && !self.program.contains("wait");
        // Both run the project's own program by its file name.
        let mut pairs = self.words.windows(2);
        let is_run = pairs.any(|pair| match base_name(&pair[0]) {
            "nodemon" => true,
            "bun" => !matches!(&*pair[1], "x" | "run"),
            _ => false,
        });
        is_with_short_flag(self.program)
            || is_with_long_flag(self.program)
            || INTERPRETERS.contains(self.program)
            || is_source(self.program)
            || is_script
            || is_run
            || is_path
    }

    /// Returns the port that a word sets, either by itself or together with the next word.
    fn port_in(&self, word: &str, next: Option<&str>) -> Option<(Port, bool)> {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with('-') => (flag, Some(value)),
            _ => (word, next),
        };
        let value = value.unwrap_or_default();
        if flag == "--port" {
            return Some((parse_port(value)?, !self.is_server()));
        }
        if flag.starts_with("--") && flag.ends_with("-port") {
            return Some((parse_port(value)?, true));
        }
        if flag == "runserver" || (self.program == "php" && flag == "-S") {
            return Some((parse_port_of_address(value)?, false));
        }
        if ADDRESS_FLAGS.contains(&flag) && is_with_address(self.program) {
            return Some((parse_port_of_address(value)?, false));
        }
        if flag == "-P" && is_with_upper_flag(self.program) {
            return Some((parse_port(value)?, false));
        }
        let value = match flag.strip_prefix("-p")? {
            "" => value,
            attached => attached,
        };
        Some((parse_port(value)?, !is_with_short_flag(self.program)))
    }

    /// Returns the ports that `docker run` publishes.
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
        let published = port_mapping::published(&arguments).into_iter();
        let mappings = published.filter_map(|(_, text)| port_mapping::parse(text).ok());
        mappings.flatten().map(|mapping| mapping.host).collect()
    }
}
