//! The programs that read env files. `.ci/programs` installs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::fixture::WrittenCheckout;
use test_support::Ran;

pub(super) type Variables = BTreeMap<String, String>;

/// A program that reads the file `.env` of a folder.
pub(super) struct Reader {
    pub(super) name: &'static str,
    /// It replaces `${NAME}`.
    pub(super) expands: bool,
    /// It replaces `$` and what follows in single quotes, too.
    pub(super) expands_quoted: bool,
    read: fn(&WrittenCheckout) -> Variables,
}

const fn reader(
    name: &'static str,
    expands: bool,
    read: fn(&WrittenCheckout) -> Variables,
) -> Reader {
    Reader {
        name,
        expands,
        expands_quoted: false,
        read,
    }
}

pub(super) const READERS: [Reader; 9] = [
    reader("sh", true, sh),
    reader("dotenvy", true, dotenvy),
    reader("Compose", true, compose),
    reader("node --env-file", false, node),
    reader("dotenv of npm", false, dotenv),
    reader("dotenv of Ruby", true, ruby),
    Reader {
        expands_quoted: true,
        ..reader("dotenv-expand", true, dotenv_expand)
    },
    Reader {
        expands_quoted: true,
        ..reader("Vite", true, vite)
    },
    Reader {
        expands_quoted: true,
        ..reader("python-dotenv", true, python_dotenv)
    },
];

impl Reader {
    #[track_caller]
    pub(super) fn read(&self, checkout: &WrittenCheckout) -> Variables {
        (self.read)(checkout)
    }
}

/// A file that `.ci/programs` installs.
fn installed(path: &str) -> PathBuf {
    let target = Path::new(crate::PORTCTL).ancestors().nth(2).unwrap();
    target.join("programs").join(path)
}

/// Runs a program that prints the variables as JSON.
#[track_caller]
fn printed(checkout: &WrittenCheckout, program: impl AsRef<Path>, words: &[&str]) -> Variables {
    let program = program.as_ref().to_str().unwrap();
    let ran = Ran::of(checkout.command(program).args(words));
    assert_eq!(ran.code, Some(0), "{program}: {ran:?}");
    let printed: BTreeMap<String, Value> = serde_json::from_str(&ran.stdout).unwrap();
    let texts = printed.into_iter();
    texts
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        .collect()
}

/// Runs a command that prints its environment as `env -0` does.
#[track_caller]
pub(super) fn environment(command: &mut Command) -> Variables {
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let pairs = ran.stdout.split_terminator('\0');
    let pairs = pairs.map(|it| it.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn sh(checkout: &WrittenCheckout) -> Variables {
    let mut sh = checkout.command("sh");
    environment(sh.args(["-c", "set -ea; . ./.env; env -0"]))
}

fn dotenvy(checkout: &WrittenCheckout) -> Variables {
    let mut variables = Variables::new();
    for pair in dotenvy::from_path_iter(checkout.folder.join(".env")).unwrap() {
        let (name, value) = pair.unwrap();
        // The first assignment wins.
        variables.entry(name).or_insert(value);
    }
    variables
}

fn compose(checkout: &WrittenCheckout) -> Variables {
    let text = fs::read_to_string(checkout.folder.join(".env")).unwrap();
    let names = text.lines().filter_map(|it| it.split_once('='));
    let names = names.map(|(name, _)| name.trim_start_matches("export ").trim());
    let names = names.filter(|it| it.starts_with(|it: char| it.is_ascii_uppercase()));
    let entries = names.map(|it| format!("      {it}: \"${{{it}}}\""));
    let entries: Vec<String> = entries.collect();
    let entries = entries.join("\n");
    let compose = format!("services:\n  a:\n    image: a\n    environment:\n{entries}\n");
    checkout.write("compose.yaml", &compose);
    let words = ["compose", "config", "--format", "json"];
    let ran = Ran::of(
        checkout
            .command("docker")
            .env("COMPOSE_PROJECT_NAME", "a")
            .args(words),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    let environment = printed["services"]["a"]["environment"].as_object().unwrap();
    let variables = environment.iter();
    // Compose prints a file that it could read again.
    let unescaped = |value: &Value| value.as_str().unwrap().replace("$$", "$");
    variables
        .map(|(name, value)| (name.clone(), unescaped(value)))
        .collect()
}

fn node(checkout: &WrittenCheckout) -> Variables {
    let print = "console.log(JSON.stringify(process.env))";
    printed(checkout, "node", &["--env-file=.env", "-e", print])
}

/// Runs a script that may import the installed packages.
fn node_script(checkout: &WrittenCheckout, script: &str) -> Variables {
    let packages = checkout.folder.join("node_modules");
    if !packages.exists() {
        std::os::unix::fs::symlink(installed("npm/node_modules"), &packages).unwrap();
    }
    checkout.write("script.mjs", script);
    printed(checkout, "node", &["script.mjs"])
}

fn dotenv(checkout: &WrittenCheckout) -> Variables {
    node_script(
        checkout,
        "import dotenv from 'dotenv';
         import { readFileSync } from 'node:fs';
         console.log(JSON.stringify(dotenv.parse(readFileSync('.env'))));",
    )
}

fn dotenv_expand(checkout: &WrittenCheckout) -> Variables {
    node_script(
        checkout,
        "import dotenv from 'dotenv';
         import { expand } from 'dotenv-expand';
         import { readFileSync } from 'node:fs';
         const parsed = dotenv.parse(readFileSync('.env'));
         console.log(JSON.stringify(expand({ parsed, processEnv: {} }).parsed));",
    )
}

fn vite(checkout: &WrittenCheckout) -> Variables {
    node_script(
        checkout,
        "import { loadEnv } from 'vite';
         console.log(JSON.stringify(loadEnv('development', process.cwd(), '')));",
    )
}

fn python_dotenv(checkout: &WrittenCheckout) -> Variables {
    let script = "import dotenv, json; print(json.dumps(dotenv.dotenv_values('.env')))";
    printed(checkout, installed("python/bin/python3"), &["-c", script])
}

fn ruby(checkout: &WrittenCheckout) -> Variables {
    let script = "text = File.read('.env', encoding: 'utf-8'); \
                  puts JSON.generate(Dotenv::Parser.call(text))";
    printed(checkout, "ruby", &["-rjson", "-rdotenv", "-e", script])
}
