//! Help, versions and usage errors.

use std::path::Path;
use std::process::Command;

use crate::version::portctl_version;
use insta::assert_snapshot;
use serde_json::json;

use super::fixture::Portctl;
use test_support::{Ran, install_script};

const COMMANDS: [&str; 27] = [
    "get",
    "allocate",
    "list",
    "url",
    "open",
    "wait",
    "check",
    "move",
    "release",
    "env",
    "run",
    "compose",
    "sync",
    "scan",
    "init",
    "prune",
    "export",
    "import",
    "start",
    "stop",
    "restart",
    "status",
    "health",
    "doctor",
    "skill",
    "completions",
    "version",
];

#[test]
fn every_way_to_ask_for_help_prints_it() {
    let portctl = Portctl::new();
    let help = portctl.run(&["--help"]);
    for args in [&["-h"], &["help"]] {
        assert_eq!(portctl.run(args).printed(), help.printed());
    }
    portctl.with_redactions(|| assert_snapshot!("help", help.printed()));
    for command in COMMANDS {
        let help = portctl.run(&[command, "--help"]);
        for args in [[command, "-h"], [command, "help"], ["help", command]] {
            // Compose has a command of this name.
            if args == ["compose", "help"] {
                continue;
            }
            assert_eq!(portctl.run(&args).printed(), help.printed());
        }
        assert_narrow(help.printed());
        assert!(help.printed().contains("\nExamples:\n  "), "{command}");
        portctl.with_redactions(|| assert_snapshot!(format!("help-{command}"), help.printed()));
    }
    for command in ["install", "uninstall"] {
        let help = portctl.run(&["skill", command, "--help"]);
        for args in [["skill", command, "help"], ["help", "skill", command]] {
            assert_eq!(portctl.run(&args).printed(), help.printed());
        }
        assert_narrow(help.printed());
        let name = format!("help-skill-{command}");
        portctl.with_redactions(|| assert_snapshot!(name, help.printed()));
    }
    assert_narrow(portctl.run(&["--help"]).printed());
}

#[test]
fn help_is_printed_whatever_stands_beside_it() {
    let portctl = Portctl::new();
    let help = |args: &[&str]| portctl.run(args).printed().to_owned();
    for (command, lines) in [
        (
            &[][..],
            &[
                &["--json", "--help"][..],
                &["--json", "help"],
                &["help", "--json"],
                &["-h", "-V"],
                &["-Vh"],
                &["--frob", "-h"],
            ][..],
        ),
        (
            &["list"],
            &[
                &["list", "-h", "--json"],
                &["list", "-hj"],
                &["list", "-jh", "web"],
                &["-h", "list", "-j"],
                &["list", "--frob", "--help"],
                &["list", "help", "--json"],
                &["list", "--app", "-h"],
                &["help", "list", "--json"],
                &["--json", "help", "ls"],
                &["list", "-h", "--", "web"],
            ],
        ),
        (
            &["run"],
            &[&["run", "npm", "--help"], &["run", "-h", "--", "npm"]],
        ),
        (
            &["skill", "install"],
            &[
                &["skill", "install", "-h", "--global"],
                &["skill", "help", "install", "-j"],
            ],
        ),
    ] {
        let expected = help(&[command, &["--help"]].concat());
        for line in lines {
            assert_eq!(help(line), expected, "{line:?}");
        }
    }
    // A value, and the word of another program.
    assert_eq!(
        portctl.run(&["get", "-sh"]).printed(),
        portctl.first.to_string()
    );
    assert_eq!(portctl.run(&["run", "--", "echo", "-h"]).printed(), "-h");
}

/// Asserts that a help text fits into 80 columns. Examples may be wider, because people copy them.
#[track_caller]
fn assert_narrow(help: &str) {
    let (before, after) = help.split_once("\nExamples:\n").unwrap();
    let after = after.split_once("\n\n").map_or("", |(_, after)| after);
    for line in before.lines().chain(after.lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn portctl_alone_prints_a_start_whose_commands_work() {
    let portctl = Portctl::new();
    let ran = portctl.run(&[]);
    let start = ran.printed();
    portctl.with_redactions(|| assert_snapshot!("start", start));
    assert!(start.lines().count() <= 25, "{start}");
    assert!(
        start.lines().all(|line| line.chars().count() <= 80),
        "{start}"
    );
    let npm = portctl.sandbox.path().join("npm");
    install_script("#!/bin/sh\necho $PORT $WEB_PORT\n", &npm);
    let rows = start
        .lines()
        .filter_map(|line| line.strip_prefix("  portctl "));
    let commands = rows.map(|row| row.split("  ").next().unwrap());
    let mut outputs = Vec::new();
    for command in commands {
        let args: Vec<&str> = command.split(' ').collect();
        let mut command = portctl.command(&args);
        let ran = Ran::of(command.env("PATH", npm.parent().unwrap()));
        // Something may listen on the port that is checked.
        let is_check = args[0] == "check";
        assert!(
            ran.code == Some(0) || (is_check && ran.code == Some(1)),
            "{ran:?}"
        );
        outputs.push(ran.stdout.replace(&portctl.first.to_string(), "P"));
    }
    assert_eq!(outputs.len(), 5, "{start}");
    assert_eq!(outputs[0], "P\n");
    assert_eq!(outputs[1], "P P\n");
    assert!(outputs[4].starts_with("released port P of "));
}

#[test]
fn every_way_to_ask_for_the_version_prints_it() {
    let portctl = Portctl::new();
    for args in [["version"], ["--version"], ["-V"]] {
        assert_eq!(portctl.run(&args).printed(), portctl_version());
    }
}

#[test]
fn the_version_names_the_commit_and_its_date() {
    let version = Portctl::new().json(&["version", "--json"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut git = Command::new("git");
    git.args([
        // git refuses another user's repository, and the tester may not be its owner.
        "-c",
        "safe.directory=*",
        "-c",
        "log.showSignature=false",
        "log",
        "-1",
        "--format=%H %cd",
        "--date=format-local:%Y-%m-%d",
    ])
    .current_dir(&root)
    .env("TZ", "UTC");
    match git.output() {
        // An unpacked archive of the source may lie within another repository.
        Ok(log) if log.status.success() && root.join(".git").exists() => {
            let log = String::from_utf8(log.stdout).unwrap();
            let (commit, date) = log.trim().split_once(' ').unwrap();
            let short_commit = version["commit"].as_str().unwrap();
            assert!(
                short_commit.len() >= 9 && commit.starts_with(short_commit),
                "{version}"
            );
            assert_eq!(version["date"], date);
        }
        // The source is not a git checkout.
        _ => assert_eq!(version, json!({ "version": env!("CARGO_PKG_VERSION") })),
    }
}
