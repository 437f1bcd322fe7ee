//! Command lines that take no port.

use crate::programs::{
    CONTAINERS, INTERPRETERS, NO_SERVERS, Reached, TEST_RUNNERS, base_name, inner_command,
    is_server, serving_program,
};

/// Tells command lines that surely take no port from `PORT`: clients, tests, servers that do something else, as
/// `rails console` does, and programs that start containers.
pub(super) fn takes_no_port(words: &[&str]) -> bool {
    let (name, arguments_at) = match inner_command(words).reached {
        Reached::Program {
            name, arguments_at, ..
        } => (name, arguments_at),
        Reached::Script(call) => return is_test_script(call.name),
        _ => return false,
    };
    let base = base_name(name);
    let arguments = words.get(arguments_at..).unwrap_or_default();
    NO_SERVERS.contains(base)
        || CONTAINERS.contains(base)
        || TEST_RUNNERS.contains(base)
        // `cargo test`, `node --test`, `npm test`
        || matches!(arguments.first(), Some(&("t" | "test" | "--test" | "nextest")))
        // The program of an interpreter may be any.
        || (is_server(base) && !INTERPRETERS.contains(base) && serving_program(name, arguments).is_none())
}

/// Tells scripts of a package that run tests by their names, such as `test:e2e`.
fn is_test_script(name: &str) -> bool {
    let first = name.split([':', '-', '.']).next();
    matches!(first, Some("t" | "test" | "tests" | "e2e" | "tst"))
}

#[cfg(test)]
mod tests {
    use super::takes_no_port;

    #[test]
    fn clients_containers_and_other_subcommands_take_no_port() {
        let takes_no_port = |line: &str| takes_no_port(&line.split(' ').collect::<Vec<_>>());
        for line in [
            "psql -h localhost",
            "/usr/bin/curl localhost",
            "env COMPOSE_PROFILES=db docker compose up",
            "docker-compose up",
            "npx vite build",
            "bin/rails db:migrate",
            "python manage.py migrate",
            "npx playwright test",
            "uv run pytest -q",
            "python -m pytest",
            "npm test",
            "pnpm run test:e2e",
            "yarn e2e",
            "cargo test --locked",
            "node --test",
        ] {
            assert!(takes_no_port(line), "{line}");
        }
        for line in [
            "vite",
            "rails s",
            "npm run dev",
            "npm run testbed",
            "cargo run",
            "node server.js",
            "php server.php",
            "dotnet server.dll",
            "./dev.sh",
            "sh -c psql",
            "env",
            "",
        ] {
            assert!(!takes_no_port(line), "{line}");
        }
    }
}
