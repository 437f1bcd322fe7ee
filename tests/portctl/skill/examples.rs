//! Examples and commands in the documents of the skill.

use std::fs;
use std::os::unix::fs::symlink;

use crate::PORTCTL;
use crate::command_words::assert_known;
use test_support::{Ran, Sandbox, install_script, path_with};

use super::fixture::{FILES, sources};

/// Returns the lines of the shell examples in a document.
fn shell_lines(document: &str) -> Vec<&str> {
    let blocks = document.split("```sh\n").skip(1);
    blocks
        .flat_map(|block| block.split("```").next().unwrap().lines())
        .collect()
}

#[test]
fn examples_of_the_skill_work() {
    let sandbox = Sandbox::in_memory();
    let project = sandbox.path().join("shop");
    sandbox.git(&sandbox.path(), &["init", "-q", "shop"]);
    let compose = "services: {cache: {ports: ['6390:6379']}}";
    fs::write(project.join("compose.yaml"), compose).unwrap();
    // Stand-ins for the other programs of the examples, which may not be installed.
    let bin = sandbox.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(PORTCTL, bin.join("portctl")).unwrap();
    for name in ["npm", "curl"] {
        let path = bin.join(name);
        install_script("#!/bin/sh\necho \"$PORT$WEB_PORT\"\n", &path);
    }
    // Answers like Compose about a project without services.
    install_script("#!/bin/sh\necho '{}'\n", &bin.join("docker"));
    let path = path_with(&[bin]);
    let document = fs::read_to_string(sources().join("SKILL.md")).unwrap();
    let lines = shell_lines(&document);
    assert!(lines.len() >= 6, "{lines:?}");
    // Leaves something for the example of `portctl prune`.
    let gone = sandbox.path().join("gone");
    sandbox.git(&sandbox.path(), &["init", "-q", "gone"]);
    let mut command = sandbox.command(PORTCTL);
    Ran::of(command.args(["get", "web"]).current_dir(&gone)).printed();
    fs::remove_dir_all(&gone).unwrap();
    for line in lines {
        let mut command = sandbox.command("sh");
        let ran = Ran::of(
            command
                .args(["-ec", line])
                .env("PATH", &path)
                .current_dir(&project),
        );
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
        assert!(!ran.stdout.trim().is_empty(), "{line}: {ran:?}");
    }
}

#[test]
fn commands_and_flags_in_the_skill_exist() {
    let sandbox = Sandbox::in_memory();
    for name in FILES {
        let document = fs::read_to_string(sources().join(name)).unwrap();
        // Collect commands in backquotes and in shell examples, including substitutions.
        let quoted = document.split('`').skip(1).step_by(2);
        let examples = shell_lines(&document)
            .into_iter()
            .flat_map(|line| line.split(['(', ')', '&']));
        let lines: Vec<&str> = quoted
            .chain(examples)
            .filter_map(|text| text.trim().strip_prefix("portctl "))
            .filter(|line| !line.starts_with("COMMAND"))
            .collect();
        assert!(!lines.is_empty() || name == "references/api.md", "{name}");
        for line in lines {
            assert_known(&sandbox, line);
        }
    }
}

#[test]
fn skill_is_small_enough_to_be_read_before_every_task() {
    // The limit is 1,300 tokens. In this text a token of cl100k and of o200k is 3.9 bytes or 0.64 words, so both limits
    // stand for about 1,280 tokens.
    let document = fs::read_to_string(sources().join("SKILL.md")).unwrap();
    assert!(document.len() <= 4950, "{} bytes", document.len());
    let words = document.split_whitespace().count();
    assert!(words <= 820, "{words} words");
}
