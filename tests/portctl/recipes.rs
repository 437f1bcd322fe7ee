//! Checks the recipes in `examples/recipes`: their files parse, their commands exist, and their set-ups give each worktree
//! ports of its own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::{Ran, Sandbox, install_script, path_with};

use crate::PORTCTL;
use crate::command_words::assert_known;
use crate::readme::blocks::{self, Block};

const RECIPES: &str = include_str!("../../examples/recipes/README.md");

/// Returns the block below a heading.
#[track_caller]
fn block(heading: &str) -> Block<'static> {
    let (_, text) = RECIPES.split_once(&format!("\n## {heading}\n")).unwrap();
    blocks::of(text).remove(0)
}

fn text(heading: &str) -> String {
    block(heading).lines.join("\n")
}

/// A project with the `portctl.toml` of the recipes, in two linked worktrees.
struct Shop {
    sandbox: Sandbox,
    worktrees: [PathBuf; 2],
    path: OsString,
}

impl Shop {
    fn new() -> Shop {
        let sandbox = Sandbox::in_memory();
        let root = sandbox.work().join("shop");
        fs::create_dir(&root).unwrap();
        let declared = blocks::of(RECIPES).remove(0).lines.join("\n");
        fs::write(root.join("portctl.toml"), declared).unwrap();
        fs::write(root.join(".gitignore"), ".env\n").unwrap();
        for words in [
            &["init", "-q"][..],
            &["config", "user.name", "me"],
            &["config", "user.email", "me@localhost"],
            &["add", "."],
            &["commit", "-qm", "first"],
            &["worktree", "add", "-q", "../one"],
            &["worktree", "add", "-q", "../two"],
        ] {
            sandbox.git(&root, words);
        }
        let bin = sandbox.path().join("bin");
        fs::create_dir(&bin).unwrap();
        install_script("#!/bin/sh\n", &bin.join("npm"));
        let programs = Path::new(PORTCTL).parent().unwrap();
        Shop {
            worktrees: ["one", "two"].map(|name| sandbox.work().join(name)),
            path: path_with(&[&bin, programs]),
            sandbox,
        }
    }

    /// Runs a script in a worktree, and returns its output.
    #[track_caller]
    fn run(&self, worktree: &Path, script: &str) -> String {
        let mut shell = self.sandbox.command("sh");
        shell.args(["-ec", script]).env("PATH", &self.path);
        let ran = Ran::of(shell.current_dir(worktree));
        assert_eq!(ran.code, Some(0), "{script}: {ran:?}");
        ran.stdout
    }

    /// Asserts that a set-up has written the ports of each worktree into its `.env`.
    #[track_caller]
    fn assert_set_up_by(&self, script: &str) {
        let ports = self.worktrees.each_ref().map(|worktree| {
            self.run(worktree, script);
            let port = self.run(worktree, "portctl get web");
            let file = fs::read_to_string(worktree.join(".env")).unwrap();
            assert!(
                file.contains(&format!("WEB_PORT={port}")),
                "{script}: {file}"
            );
            port
        });
        assert_ne!(ports[0], ports[1], "{script}");
    }
}

#[test]
fn files_of_the_recipes_parse() {
    let mut parsed = 0;
    for block in blocks::of(RECIPES) {
        let text = block.lines.join("\n");
        match block.language {
            "json" => drop(serde_json::from_str::<Value>(&text).expect(&text)),
            "toml" => drop(toml::from_str::<toml::Table>(&text).expect(&text)),
            _ => continue,
        }
        parsed += 1;
    }
    assert!(parsed >= 8, "{parsed}");
}

#[test]
fn commands_in_the_recipes_exist() {
    let sandbox = Sandbox::in_memory();
    let mut checked = 0;
    for block in blocks::of(RECIPES) {
        for line in block.lines {
            for command in line.split("portctl ").skip(1) {
                let command = command.split(['"', '\'', ')', '&', '#', '>']).next();
                assert_known(&sandbox, command.unwrap());
                checked += 1;
            }
        }
    }
    assert!(checked >= 20, "{checked}");
}

#[test]
fn set_ups_give_each_worktree_its_own_ports() {
    let conductor: Value = serde_json::from_str(&text("Conductor")).unwrap();
    let codex: toml::Table = toml::from_str(&text("Codex")).unwrap();
    let cursor: Value = serde_json::from_str(&text("Cursor")).unwrap();
    let worktrunk: toml::Table = toml::from_str(&text("worktrunk")).unwrap();
    let container: Value = serde_json::from_str(&text("Dev containers")).unwrap();
    let of_cursor: Vec<&str> = cursor["setup-worktree-unix"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let shop = Shop::new();
    let removal = "portctl release --yes";
    for (set_up, clean_up) in [
        (
            conductor["scripts"]["setup"].as_str().unwrap(),
            conductor["scripts"]["archive"].as_str().unwrap(),
        ),
        (
            codex["setup"]["script"].as_str().unwrap(),
            codex["cleanup"]["script"].as_str().unwrap(),
        ),
        (&of_cursor.join("\n"), removal),
        (
            worktrunk["pre-start"].as_str().unwrap(),
            worktrunk["pre-remove"].as_str().unwrap(),
        ),
        (container["postCreateCommand"].as_str().unwrap(), removal),
    ] {
        shop.assert_set_up_by(set_up);
        for worktree in &shop.worktrees {
            shop.run(worktree, clean_up);
            assert_eq!(shop.run(worktree, "portctl list --json").trim(), "[]");
        }
    }
}

#[test]
fn shells_and_tests_get_the_variables_of_their_worktree() {
    let shop = Shop::new();
    let direnv = format!(
        "watch_file() {{ :; }}\n{}\necho $WEB_PORT $API_URL",
        text("direnv")
    );
    let nextest: toml::Table = toml::from_str(&text("cargo-nextest")).unwrap();
    let nextest = nextest["scripts"]["setup"]["ports"]["command"]
        .as_array()
        .unwrap();
    // Nothing answers in this test.
    let nextest = nextest[2]
        .as_str()
        .unwrap()
        .replace("portctl wait api", "true");
    for worktree in &shop.worktrees {
        shop.run(worktree, "portctl sync");
        let expected = shop.run(worktree, "echo $(portctl get web) $(portctl url api)");
        assert_eq!(shop.run(worktree, &direnv), expected);
        let script = format!("NEXTEST_ENV=$PWD/env\n{nextest}\n. ./env\necho $WEB_PORT $API_URL");
        assert_eq!(shop.run(worktree, &script), expected);
    }
}
