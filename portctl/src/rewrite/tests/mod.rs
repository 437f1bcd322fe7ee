//! Command lines, and the ones that they become.

mod added;
mod left_alone;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use port_registry::Port;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{Rewritten, Target, rewritten};

const PORT: u16 = 4000;

fn target() -> Target<'static> {
    Target {
        port: Port::new(PORT).unwrap(),
        variable: "WEB_PORT",
    }
}

/// The scripts of the project that the commands run in.
const SCRIPTS: &str = r#"{
  "scripts": {
    "dev": "vite",
    "env": "cross-env NODE_ENV=development vite --host",
    "assigned": "NODE_ENV=development vite",
    "build": "vite build",
    "preview": "vite preview",
    "next": "next dev --turbo",
    "start": "npm run dev",
    "npm:dashes": "npm run dev -- --host",
    "twice": "npm start",
    "pnpm": "pnpm dev",
    "circle": "npm run circle",
    "fixed": "vite --port 3000",
    "own": "vite --port 4000 --strictPort",
    "own:lax": "vite --port ${PORT:-5173}",
    "own:dashes": "vite --port $PORT -- x",
    "own:both": "vite --port $PORT & tsc -w",
    "moving": "astro dev --port $PORT",
    "variable": "vite --port ${API_PORT:-3000}",
    "variable:own": "vite --port ${WEB_PORT:-3000} --strictPort",
    "variable:plain": "PORT=$WEB_PORT next dev",
    "variable:like": "vite --port $PORT_WEB",
    "variable:port": "next dev -p $PORT",
    "assigned:port": "PORT=3000 next dev",
    "assigned:unread": "PORT=$PORT vite",
    "flask:port": "FLASK_RUN_PORT=3000 flask run",
    "compound": "tsc && vite --host",
    "compound:quoted": "tsc && vite --mode 'my mode' --define \"x \\\"y\\\"\" > log",
    "compound:next": "tsc && next dev",
    "compound:fixed": "tsc && vite --port 3000",
    "compound:build": "tsc && vite build",
    "compound:script": "npm run build && npm run dev",
    "background": "next dev & flask run",
    "both": "concurrently -k 'npm:dev' \"tsc -w\"",
    "parallel": "run-p dev lint",
    "parallel:glob": "run-p 'dev:*'",
    "parallel:build": "run-p build lint",
    "dashes": "vite -- x",
    "turbo": "turbo run dev",
    "turbo:build": "turbo run build",
    "servers": "concurrently 'vite --port ${WEB_PORT:-5173}' 'astro dev --port ${API_PORT:-4321}'",
    "workspaces": "concurrently 'npm run dev -w web' 'npm run dev -w api'",
    "inner:port": "npm run build && npm run dev -- --port 3000",
    "lint": "eslint .",
    "test": "vitest",
    "bad": 7,
    "web": "cd web && vite"
  }
}"#;

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("package.json", SCRIPTS);
    write(
        "apps/web/package.json",
        r#"{"scripts": {"dev": "astro dev"}}"#,
    );
    write("apps/broken/package.json", "{");
    write("apps/deep/er/none", "");
    folder
}

fn run(line: &str, folder: &Path) -> Rewritten {
    let words = shlex::split(line).unwrap();
    let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
    rewritten(&words, folder, target())
}

fn shown(rewritten: &Rewritten) -> String {
    let words = rewritten.command_line.iter();
    let words: Vec<&str> = words.map(|it| it.to_str().unwrap()).collect();
    words.join(" ")
}

/// Checks what is added at the end of each command line.
fn assert_added(cases: &[(&str, &str)]) {
    let project = project();
    for (line, added) in cases {
        let found = run(line, project.path());
        assert_eq!(shown(&found), format!("{line} {added}"));
        assert!(found.is_server, "{line}");
    }
}

fn assert_unchanged(line: &str, folder: &Path) -> Rewritten {
    let found = run(line, folder);
    let words = shlex::split(line).unwrap();
    let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
    assert_eq!(found.command_line, words, "{line}");
    found
}

#[test]
fn programs_that_move_get_a_note_for_a_taken_port() {
    let project = project();
    for line in ["npm --prefix apps/web run dev", "npm run moving"] {
        let found = run(line, project.path());
        let note = "astro may move to another port: read the address that it prints";
        assert_eq!(found.note_if_taken.as_deref(), Some(note), "{line}");
        assert!(found.notes.is_empty(), "{line}: {found:?}");
    }
    assert_eq!(run("vite", project.path()).note_if_taken, None);
}

#[test]
fn scripts_are_read_from_the_nearest_package() {
    let project = project();
    let shown_in = |line: &str, folder: &str| shown(&run(line, &project.path().join(folder)));
    let below = shown_in("npm run dev", "apps/deep/er");
    assert_eq!(below, "npm run dev -- --port 4000 --strictPort");
    assert_eq!(shown_in("pnpm dev", "apps/web"), "pnpm dev --port 4000");
    assert_eq!(shown_in("pnpm dev", "apps/broken"), "pnpm dev");
}

#[test]
fn scripts_that_run_many_others_end_soon() {
    let folder = tempfile::tempdir().unwrap();
    let script = |next: usize| vec![format!("npm run s{next}"); 1_000].join(" & ");
    let scripts = (0..10).map(|at| format!(r#""s{at}": "{}""#, script(at + 1)));
    let scripts = scripts.collect::<Vec<_>>().join(",");
    let package = format!(r#"{{"scripts": {{{scripts}}}}}"#);
    fs::write(folder.path().join("package.json"), package).unwrap();
    assert_unchanged("npm run s0", folder.path());
}

#[cfg(unix)]
#[test]
fn a_fifo_as_package_is_not_opened() {
    let project = project();
    let package = project.path().join("apps/deep/package.json");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, &package, mode).unwrap();
    assert_unchanged("npm run dev", &project.path().join("apps/deep"));
}

#[cfg(unix)]
#[test]
fn words_that_are_not_utf_8_stay_as_they_are() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![b'-', b'-', 0xff, b'\n']);
    let words = [OsString::from("vite"), odd.clone()];
    let found = rewritten(&words, Path::new("/"), target());
    let added = ["--port", "4000", "--strictPort"].map(OsString::from);
    assert_eq!(found.command_line, [&words[..], &added].concat());
    let found = rewritten(std::slice::from_ref(&odd), Path::new("/"), target());
    assert_eq!(found.command_line, [odd]);
}

proptest! {
    #[test]
    fn original_words_stay_in_order(words in prop::collection::vec(word(), 0..8)) {
        let project = project();
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let found = rewritten(&words, project.path(), target());
        let mut rest = found.command_line.iter();
        for word in &words {
            prop_assert!(rest.any(|it| it == word), "{words:?} became {found:?}");
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "npm",
        "pnpm",
        "yarn",
        "bun",
        "npx",
        "uv",
        "env",
        "node",
        "python",
        "php",
        "sh",
        "run",
        "exec",
        "dlx",
        "x",
        "start",
        "dev",
        "compound",
        "dashes",
        "vite",
        "flask",
        "manage.py",
        "runserver",
        "http.server",
        "serve",
        "concurrently",
        "turbo",
        "run-p",
        "--",
        "-",
        "-m",
        "-c",
        "-p",
        "-C",
        "--prefix",
        "--filter",
        "--port",
        "--port=",
        "--workspace",
        "A=b",
        "PORT=3000",
        "PORT=",
        "4000",
        "@",
        "@a/b@1",
        "node_modules/vite.js",
        "",
        "'",
        "a b",
        "vite && vite",
        "\u{fffd}",
    ];
    prop_oneof![
        9 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => ".{0,6}",
    ]
}
