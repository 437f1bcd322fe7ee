//! Command lines that stay as they are.

use std::ffi::OsString;
use std::path::Path;

use super::{Target, assert_unchanged, project, rewritten, run, target};

/// Lines, and parts of their notes.
const NOTED: &[(&str, &str)] = &[
    (
        "vite --port 3000",
        "the command names port 3000 itself, so it may not listen on 4000: write `{port}` there",
    ),
    (
        "php -S localhost:8000",
        "names port 8000 itself, so it may not listen on 4000: write `localhost:{port}` there",
    ),
    ("redis-server --port 6379", "names port 6379 itself"),
    ("mysqld --port=3306", "names port 3306 itself"),
    ("vite --port auto", "names `auto` as its port"),
    ("vite --port $PORT", "names `$PORT` as its port"),
    (
        "gunicorn -b unix:/tmp/socket shop.wsgi",
        "names `unix:/tmp/socket` as its port",
    ),
    ("env PORT=3000 next dev", "the command names port 3000"),
    (
        "env FLASK_RUN_PORT=3000 flask run",
        "the command names port 3000",
    ),
    (
        "npm run fixed",
        "script `fixed` names port 3000 itself, so it may not listen on 4000: write `${WEB_PORT:-3000}` there",
    ),
    (
        "npm run assigned:port",
        "script `assigned:port` names port 3000",
    ),
    ("npm run flask:port", "script `flask:port` names port 3000"),
    (
        "npm run compound",
        "script `compound` is more than one plain command, so its server was not given port 4000: write `vite --host --port ${WEB_PORT:-5173} --strictPort` in it",
    ),
    (
        "npm run compound:quoted",
        "write `vite --mode \"my mode\" --define 'x \"y\"' > log --port ${WEB_PORT:-5173} --strictPort` in it",
    ),
    (
        "npm run compound:script",
        "write `npm run dev -- --port ${WEB_PORT:-5173} --strictPort` in it",
    ),
    (
        "npm run compound:fixed",
        "script `compound:fixed` names port 3000",
    ),
    (
        "yarn start",
        "yarn cannot hand port 4000 to the npm in script `start`: write `npm run dev -- --port ${WEB_PORT:-5173} --strictPort` in it",
    ),
    (
        "npm run web",
        "write `vite --port ${WEB_PORT:-5173} --strictPort` in it",
    ),
    (
        "npm run dashes",
        "write `vite --port ${WEB_PORT:-5173} --strictPort -- x` in it",
    ),
    (
        "npm run both",
        "script `both` is more than one plain command",
    ),
    (
        "npm run parallel",
        "script `parallel` is more than one plain command",
    ),
    (
        "npm run parallel:glob",
        "run-p starts programs that portctl does not see",
    ),
    (
        "npm run turbo",
        "turbo starts programs that portctl does not see",
    ),
    ("turbo dev", "turbo starts programs"),
    ("npx turbo run dev --filter web", "turbo starts programs"),
    (
        "concurrently vite 'tsc -w'",
        "the command starts several programs",
    ),
    ("nx run-many -t serve", "nx starts programs"),
    ("foreman start", "foreman starts programs"),
    ("sh -c 'tsc && vite'", "the command is a line for a shell"),
    ("bash -lc vite", "write `vite --port {port} --strictPort`"),
    (
        "npm run dev --workspace web",
        "npm runs scripts of other packages",
    ),
    ("npm run dev -w web", "npm runs scripts of other packages"),
    (
        "npm run dev --workspaces",
        "npm runs scripts of other packages",
    ),
    ("pnpm -r dev", "pnpm runs scripts of other packages"),
    (
        "pnpm --filter a --filter=b run dev",
        "pnpm runs scripts of other packages",
    ),
    (
        "yarn workspace web dev",
        "yarn runs scripts of other packages",
    ),
    ("bun --filter '*' dev", "bun runs scripts of other packages"),
    (
        "npm run workspaces",
        "npm runs scripts of other packages, which get port 4000 as PORT and WEB_PORT alone: for a server that ignores PORT, such as Vite,",
    ),
    (
        "npm run dev -- --port 4444",
        "the command names port 4444 itself, so it may not listen on 4000: write `{port}` there",
    ),
    ("pnpm dev --port=4444", "the command names port 4444 itself"),
    (
        "npm run pnpm -- --port 4444",
        "the command names port 4444 itself",
    ),
    (
        "npm run dev -- --port '$PORT'",
        "the command names `$PORT` as its port",
    ),
    (
        "npm run inner:port",
        "script `inner:port` names port 3000 itself",
    ),
    ("make -C web dev", "make starts programs"),
    (
        "turbo dev",
        "as in `vite --port ${WEB_PORT:-5173} --strictPort`; and let it hand the variables on, by `\"globalPassThroughEnv\": [\"PORT\", \"*_PORT\"]` in turbo.json",
    ),
    (
        "concurrently vite",
        "so its server was not given port 4000: write `vite --port {port} --strictPort` in it",
    ),
    (
        "sh -c 'vite --port 3000'",
        "names port 3000 itself, so it may not listen on 4000: write `{port}` there",
    ),
    (
        "yarn exec vite",
        "yarn exec cannot hand port 4000 to its program: write `yarn run` in its place",
    ),
    ("npm --unknown run dev", "does not know this form of npm"),
    ("env -S 'vite dev'", "does not know this form of env"),
    ("npx --unknown vite", "does not know this form of npx"),
    ("dotenv vite", "does not know this form of dotenv"),
    ("npx -c vite", "does not know this form of npx"),
    ("uv --unknown run vite", "does not know this form of uv"),
    ("npm run dev --port 3000", "npm takes `--port` for itself"),
    (
        "npm exec vite --port 3000",
        "npm exec takes `--port` for itself",
    ),
];

#[test]
fn other_commands_stay_as_they_are_without_a_note() {
    let project = project();
    for line in [
        "vite build",
        "vite --help",
        "npx vite --version",
        "next build",
        "ng test",
        "rails console",
        "rails db:migrate",
        "flask db upgrade",
        "webpack --watch",
        "eleventy",
        "gunicorn --version",
        "npm run build",
        "npm run lint",
        "npm run none",
        "npm run bad",
        "npm run compound:build",
        "npm run parallel:build",
        "npm run turbo:build",
        "npm run circle",
        "npm test",
        "npm install vite",
        "npm ci",
        "npm",
        "npm run",
        "npm --prefix apps/broken run dev",
        "pnpm install",
        "pnpm",
        "pnpm -C",
        "yarn",
        "yarn exec --",
        "bun test",
        "bun --cwd",
        "env",
        "npx",
        "uv run",
        "python",
        "python -m",
        "python -c 'import vite'",
        "python app.py",
        "node server.js",
        "node --unknown node_modules/vite/bin/vite.js",
        "cargo run",
        "air",
        "unknown vite",
        "nodemon vite",
        "sudo vite",
        "uv add uvicorn",
        "docker ps --format '{{.Ports}}'",
        "turbo build",
        "redis-server --version",
        "mongod --shutdown",
        "make test",
        "turbo dev -- --port 4000",
        "pnpm --filter web dev --port 4000 --strictPort",
        "npm --unknown run dev -- --port 4000",
        "node --run build",
        "node --run",
        "nx build web",
        "lerna run build",
        "pnpm -r build",
        "sh -c 'echo vite'",
        "sh",
        "sh -c",
        "",
    ] {
        let found = assert_unchanged(line, project.path());
        let is_empty = found.variables.is_empty() && found.notes.is_empty();
        assert!(is_empty && !found.is_server, "{line}: {found:?}");
    }
    assert_eq!(run("vite", project.path()).notes, [""; 0]);
}

#[test]
fn own_ports_are_left_alone_without_a_note() {
    let project = project();
    for line in [
        "vite --port 4000 --strictPort",
        "vite --port 4000 --strictPort=false",
        "sh -c 'vite --port \"$PORT\"'",
        "bash -c 'vite --port ${PORT:-5173}'",
        "next dev -p4000",
        "php -S localhost:4000",
        "python manage.py runserver 0.0.0.0:4000",
        "env PORT=4000 next dev",
        "npm run own",
        "npm run own:dashes",
        "npm run own:both",
        "npm run fixed -- --port 4000",
        "npm run variable:port",
        "npm run variable:own",
        "npm run variable:plain",
        "npm run servers",
        "sh -c 'vite --port $WEB_PORT --strictPort'",
    ] {
        let found = assert_unchanged(line, project.path());
        if line != "npm run fixed -- --port 4000" {
            assert!(
                found.is_server && found.notes.is_empty(),
                "{line}: {found:?}"
            );
        }
    }
    for line in ["npm run variable", "npm run variable:like"] {
        let found = assert_unchanged(line, project.path());
        assert!(!found.is_server && found.notes.is_empty(), "{found:?}");
    }
}

#[test]
fn turbo_hands_on_variables_of_other_names() {
    let words = ["turbo", "dev"].map(OsString::from);
    let target = Target {
        variable: "LISTEN",
        ..target()
    };
    let notes = rewritten(&words, Path::new("/"), target).notes;
    let expected = "\"globalPassThroughEnv\": [\"PORT\", \"*_PORT\", \"LISTEN\"]";
    assert!(
        notes[0].contains("${LISTEN:-5173}") && notes[0].contains(expected),
        "{notes:?}"
    );
}

#[test]
fn other_lines_with_servers_are_left_alone_with_a_note() {
    let project = project();
    for (line, note) in NOTED {
        let found = assert_unchanged(line, project.path());
        let is_noted = found.notes.iter().any(|it| it.contains(note));
        assert!(
            is_noted && found.notes.len() == 1 && !found.is_server,
            "{line}: {found:?}"
        );
    }
}
