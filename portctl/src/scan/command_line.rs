//! Finds the ports that the commands of a shell command line listen on.

use std::collections::BTreeSet;

use port_registry::Port;

use super::fixed_port::{PortCandidate, PortOrigin};
use super::interpolation::interpolate;
use super::simple_command::SimpleCommand;
use super::variables::{MAX_VARIABLES, Variables, with_port};
use crate::programs::{Reached, inner_command, port_setting, serving_program, simple_commands};

/// Limit for command lines nested in the words of others, such as `sh -c "..."`.
const MAX_DEPTH: usize = 8;

/// A port that a command listens on.
struct ListenPort {
    port: Port,
    guess: bool,
    implied: bool,
    variables: Vec<String>,
    ignores_port: bool,
}

/// Returns the ports of a command line. The first gets the service's name, further ones a suffix.
pub(super) fn ports(service: &str, line: &str, variables: &Variables) -> Vec<PortCandidate> {
    let mut ports: Vec<ListenPort> = Vec::new();
    collect(line, variables, MAX_DEPTH, &mut ports);
    let mut found: Vec<PortCandidate> = Vec::new();
    for ListenPort {
        port,
        guess,
        implied,
        variables,
        ignores_port,
    } in ports
    {
        if found.iter().any(|it| it.port == port) {
            continue;
        }
        let is_first = found.is_empty();
        found.push(PortCandidate {
            service: if is_first {
                service.to_owned()
            } else {
                format!("{service}-{port}")
            },
            port,
            guess,
            implied,
            origin: PortOrigin {
                variables,
                ignores_port,
                ..PortOrigin::default()
            },
        });
    }
    found
}

/// Collects the ports of every command of a line.
fn collect(line: &str, variables: &Variables, depth: usize, ports: &mut Vec<ListenPort>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for command in simple_commands(line) {
        let Some(written) = shlex::split(command) else {
            continue;
        };
        let (words, used) = interpolated(&written, variables);
        let found = SimpleCommand::of(&words).ports();
        if found.is_empty() {
            ports.extend(implied_port(&written));
        }
        for (port, guess) in found {
            // A variable sets the port if another value for it makes this port disappear.
            let sets_port = |name: &String| {
                let trial = if port.get() == 1 { "2" } else { "1" };
                let (words, _) = interpolated(&written, &with_port(variables, name, trial));
                let ports = SimpleCommand::of(&words).ports();
                let mut ports = ports.into_iter().map(|(port, _)| port);
                ports.all(|other| other != port)
            };
            let used = used.iter().take(MAX_VARIABLES);
            let variables = used.filter(|name| sets_port(name)).cloned().collect();
            ports.push(ListenPort {
                port,
                guess,
                implied: false,
                variables,
                ignores_port: false,
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

/// Returns the default port of the server that a simple command starts, if nothing in it sets the port.
fn implied_port(words: &[String]) -> Option<ListenPort> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let command = inner_command(&words);
    let (name, arguments_at) = match command.reached {
        Reached::Program {
            name, arguments_at, ..
        } => (name, arguments_at),
        Reached::Script(call) if call.may_be_program => (call.name, call.arguments_at),
        _ => return None,
    };
    let arguments = words.get(arguments_at..)?;
    let program = serving_program(name, arguments)?;
    let sets_port = |name: &str| name == "PORT" || program.variable == Some(name);
    let mut assignments = command.assignments.iter();
    if assignments.any(|(name, _)| sets_port(name)) || port_setting(program, arguments).is_some() {
        return None;
    }
    Some(ListenPort {
        port: Port::new(program.default_port?).ok()?,
        guess: true,
        implied: true,
        variables: Vec::new(),
        ignores_port: !program.may_read_port(),
    })
}

/// Interpolates each word. Returns the variables that were used, too.
fn interpolated(written: &[String], variables: &Variables) -> (Vec<String>, BTreeSet<String>) {
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

#[cfg(test)]
mod tests {
    use super::{Variables, ports};

    /// Formats the ports of a command line, with a `?` after guesses.
    fn found(line: &str) -> String {
        let found = ports("web", line, &Variables::new()).into_iter();
        let found = found.map(|it| format!("{}{}", it.port, if it.guess { "?" } else { "" }));
        found.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn servers_and_own_programs_give_certain_ports() {
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
            "redis-server --port 4000",
            "postgres -p 4000",
            "mysqld -P 4000",
            "memcached -p 4000",
            "PORT=4000 anything",
        ] {
            assert_eq!(found(line), "4000", "{line}");
        }
    }

    #[test]
    fn flags_of_unknown_programs_are_guesses() {
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
    fn servers_without_a_port_imply_their_default() {
        for (line, port) in [
            ("vite", 5173),
            ("vite --host && echo", 5173),
            ("vite preview", 4173),
            ("npx next dev", 3000),
            ("yarn next dev --turbo", 3000),
            ("cross-env NODE_ENV=test astro dev", 4321),
            ("bin/rails server -b 0.0.0.0", 3000),
            ("python manage.py runserver", 8000),
            ("python3 -u -m http.server", 8000),
            ("uv run flask --app shop run", 5000),
            ("concurrently 'vite --host' 'tsc -w'", 5173),
            ("redis-server --save ''", 6379),
            ("postgres -D data", 5432),
            ("mysqld", 3306),
        ] {
            assert_eq!(found(line), format!("{port}?"), "{line}");
            assert!(ports("web", line, &Variables::new())[0].implied);
        }
        for line in [
            "vite build",
            "npm run vite",
            "next dev -p $PORT",
            "next dev -p",
            "PORT=$WEB_PORT next dev",
            "FLASK_RUN_PORT=$P flask run",
            "php -S localhost:$PORT",
            "python manage.py runserver 0.0.0.0:$PORT",
            "unknown vite",
            "redis-server --port $PORT",
            "redis-cli -p $PORT",
        ] {
            assert_eq!(found(line), "", "{line}");
        }
    }

    #[test]
    fn every_command_of_a_line_is_read_once() {
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
