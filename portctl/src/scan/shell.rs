//! The ports that a command line has a server listen on, as far as its words tell.

use std::collections::BTreeSet;

use port_registry::Port;

use super::interpolation::interpolate;
use super::programs::{
    INTERPRETERS, NO_SERVERS, Programs, SETTERS, WITH_ADDRESS, WITH_LONG_FLAG, WITH_SHORT_FLAG,
    WRAPPERS,
};
use super::{Environment, Found, MOST_VARIABLES, Origin, mapping, port, with_port};

/// How the names of a project's own programs end.
const SOURCES: &[&str] = &[".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".php"];

/// The flags by which some servers are told an address to listen on.
const ADDRESS_FLAGS: &[&str] = &["-b", "--bind", "-l", "--listen"];

/// Command lines in the words of command lines.
const DEEPEST: usize = 8;

/// A port that a command line has, and what is known of it.
struct Listened {
    port: Port,
    guess: bool,
    variables: Vec<String>,
}

/// The ports of a command line, of which the first is the service's own.
pub(super) fn ports(service: &str, line: &str, variables: &Environment) -> Vec<Found> {
    let mut ports: Vec<Listened> = Vec::new();
    collect(line, variables, DEEPEST, &mut ports);
    let mut found: Vec<Found> = Vec::new();
    for Listened {
        port,
        guess,
        variables,
    } in ports
    {
        if found.iter().any(|it| it.port == port) {
            continue;
        }
        let is_first = found.is_empty();
        found.push(Found {
            service: if is_first {
                service.to_owned()
            } else {
                format!("{service}-{port}")
            },
            port,
            guess,
            origin: Origin {
                variables,
                ..Origin::default()
            },
        });
    }
    found
}

/// What the commands of a line listen on.
fn collect(line: &str, variables: &Environment, depth: usize, ports: &mut Vec<Listened>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for command in simple_commands(line) {
        let Some(written) = shlex::split(command) else {
            continue;
        };
        let (words, used) = replaced(&written, variables);
        for (port, guess) in Simple::of(&words).ports() {
            // Those each of which is the port, if it is set.
            let is_port = |name: &String| {
                let trial = if port.get() == 1 { "2" } else { "1" };
                let (words, _) = replaced(&written, &with_port(variables, name, trial));
                let ports = Simple::of(&words).ports();
                let mut ports = ports.into_iter().map(|(port, _)| port);
                ports.all(|other| other != port)
            };
            let used = used.iter().take(MOST_VARIABLES);
            let variables = used.filter(|name| is_port(name)).cloned().collect();
            ports.push(Listened {
                port,
                guess,
                variables,
            });
        }
        let lines = words
            .iter()
            .filter(|word| word.contains(char::is_whitespace));
        for line in lines {
            collect(line, variables, depth, ports);
        }
    }
}

/// The words with the variables in them replaced, and which those are.
fn replaced(written: &[String], variables: &Environment) -> (Vec<String>, BTreeSet<String>) {
    let mut used = BTreeSet::new();
    let words = written
        .iter()
        .map(|word| match interpolate(word, variables) {
            Ok(interpolated) => {
                used.extend(interpolated.used);
                interpolated.text
            }
            Err(_) => word.clone(),
        });
    let words = words.collect();
    (words, used)
}

/// The commands between `&&`, `||`, `;`, `|`, `&` and line ends that stand outside of quotes.
fn simple_commands(line: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut start = 0;
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        let is_escaped = before == '\\' && quote != Some('\'');
        match (quote, c) {
            _ if is_escaped => {}
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            // `2>&1` ends no command.
            (None, '&') if before == '>' => {}
            (None, '&' | '|' | ';' | '\n') => {
                commands.push(&line[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
        before = if is_escaped { ' ' } else { c };
    }
    commands.push(&line[start..]);
    commands
}

/// A simple command: what it sets, what it runs, and with what arguments.
struct Simple<'a> {
    assignments: Vec<(&'a str, &'a str)>,
    program: &'a str,
    /// Whether the program is named by where it is in the project, such as `bin/server`.
    is_path: bool,
    arguments: &'a [String],
    /// All of it: what wraps a command may be given flags that are meant for that.
    words: &'a [String],
}

impl Simple<'_> {
    fn of(words: &[String]) -> Simple<'_> {
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
        let mut simple = Simple {
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

    fn ports(&self) -> Vec<(Port, bool)> {
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
        let is_in = |programs: Programs| programs.contains(self.program);
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

#[cfg(test)]
mod tests {
    use super::{Environment, ports};

    /// The ports of a command line, with a `?` behind guesses.
    fn found(line: &str) -> String {
        let found = ports("web", line, &Environment::new()).into_iter();
        let found = found.map(|it| format!("{}{}", it.port, if it.guess { "?" } else { "" }));
        found.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn servers_and_programs_of_the_project_are_certain_of_their_port() {
        for line in [
            "vite --port 4000",
            "npx -y vite --port=4000",
            "npm run dev -- --port 4000",
            "node --inspect server.js --port 4000",
            "./bin/api --port 4000",
            "nodemon --port 4000 server.js",
            "nodemon server --port 4000",
            "bun --watch . --port 4000",
            "python -m uvicorn app:app --port 4000",
            "next dev -p4000",
            "PORT=4000 anything",
        ] {
            assert_eq!(found(line), "4000", "{line}");
        }
    }

    #[test]
    fn others_may_mean_a_port_elsewhere() {
        for line in [
            "createdb --port 4000 shop",
            "pgbench --port=4000",
            "clickhouse-client --port 4000",
            "cypress run --port 4000",
            "grep -r --port 4000 .",
            "./wait-for-db --port 4000",
            "something -p 4000",
            "node server.js --admin-port 4000",
            "API_PORT=4000 anything",
        ] {
            assert_eq!(found(line), "4000?", "{line}");
        }
        for line in [
            "psql --port 4000",
            "curl localhost:4000",
            "docker compose -p 4000 up",
            "",
        ] {
            assert_eq!(found(line), "", "{line}");
        }
    }

    #[test]
    fn every_command_of_a_line_counts_once() {
        let line = "PORT=1 a && (b --port 2 2>&1 | tee log; sh -c 'next -p 3 || next -p 1')";
        assert_eq!(found(line), "1 2? 3");
        assert_eq!(
            found("docker run -p 4000:80 -p127.0.0.1:4001:81/tcp -p 82 nginx"),
            "4000 4001"
        );
        assert_eq!(
            found("docker run -dp 4000:80 -itp=4001:81 --rm -ep 4002:82 nginx"),
            "4000 4001"
        );
    }
}
