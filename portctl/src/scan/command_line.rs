//! Finds the ports that the commands of a shell command line listen on.

use std::collections::BTreeSet;

use port_registry::Port;

use super::fixed_port::{PortCandidate, PortOrigin};
use super::interpolation::interpolate;
use super::simple_command::SimpleCommand;
use super::variables::{MAX_VARIABLES, Variables, with_port};

/// Limit for command lines nested in the words of others, such as `sh -c "..."`.
const MAX_DEPTH: usize = 8;

/// A port that a command listens on.
struct ListenPort {
    port: Port,
    guess: bool,
    variables: Vec<String>,
}

/// Returns the ports of a command line. The first gets the service's name, further ones a suffix.
pub(super) fn ports(service: &str, line: &str, variables: &Variables) -> Vec<PortCandidate> {
    let mut ports: Vec<ListenPort> = Vec::new();
    collect(line, variables, MAX_DEPTH, &mut ports);
    let mut found: Vec<PortCandidate> = Vec::new();
    for ListenPort {
        port,
        guess,
        variables,
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
            origin: PortOrigin {
                variables,
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
        for (port, guess) in SimpleCommand::of(&words).ports() {
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

/// Splits a line at `&&`, `||`, `;`, `|`, `&` and line breaks outside quotes.
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
            // The `&` of `2>&1` does not end the command.
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
