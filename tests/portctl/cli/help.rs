//! Help, versions and usage errors.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::version::portctl_version;
use insta::assert_snapshot;
use serde_json::json;

use super::fixture::Portctl;

/// All commands.
const COMMANDS: [&str; 20] = [
    "get",
    "allocate",
    "list",
    "check",
    "release",
    "env",
    "run",
    "scan",
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
fn help_is_printed_in_every_way_that_people_ask_for_it() {
    let portctl = Portctl::new();
    let help = portctl.run(&["--help"]);
    for words in [&["-h"], &["help"]] {
        assert_eq!(portctl.run(words).printed(), help.printed());
    }
    portctl.in_general_terms(|| assert_snapshot!("help", help.printed()));
    for command in COMMANDS {
        let help = portctl.run(&[command, "--help"]);
        for words in [[command, "-h"], [command, "help"], ["help", command]] {
            assert_eq!(portctl.run(&words).printed(), help.printed());
        }
        assert_narrow(help.printed());
        assert!(help.printed().contains("\nExamples:\n  "), "{command}");
        portctl.in_general_terms(|| assert_snapshot!(format!("help-{command}"), help.printed()));
    }
    for command in ["install", "uninstall"] {
        let help = portctl.run(&["skill", command, "--help"]);
        for words in [["skill", command, "help"], ["help", "skill", command]] {
            assert_eq!(portctl.run(&words).printed(), help.printed());
        }
        assert_narrow(help.printed());
        let name = format!("help-skill-{command}");
        portctl.in_general_terms(|| assert_snapshot!(name, help.printed()));
    }
    assert_narrow(portctl.run(&["--help"]).printed());
}

/// That a usual terminal has room for a help text, but for examples, which are to be copied.
#[track_caller]
fn assert_narrow(help: &str) {
    let (before, after) = help.split_once("\nExamples:\n").unwrap();
    let after = after.split_once("\n\n").map_or("", |(_, after)| after);
    for line in before.lines().chain(after.lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_version_is_printed_in_every_way_that_people_ask_for_it() {
    let portctl = Portctl::new();
    for words in [["version"], ["--version"], ["-V"]] {
        assert_eq!(portctl.run(&words).printed(), portctl_version());
    }
}

#[test]
fn the_version_names_the_commit_and_its_day() {
    let version = Portctl::new().json(&["version", "--json"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut git = Command::new("git");
    git.args([
        // The tester need not be who built it.
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
        // Another repository may be around an unpacked archive of the source.
        Ok(log) if log.status.success() && root.join(".git").exists() => {
            let log = String::from_utf8(log.stdout).unwrap();
            let (commit, date) = log.trim().split_once(' ').unwrap();
            let told = version["commit"].as_str().unwrap();
            assert!(told.len() >= 9 && commit.starts_with(told), "{version}");
            assert_eq!(version["date"], date);
        }
        // The source is no checkout.
        _ => assert_eq!(version, json!({ "version": env!("CARGO_PKG_VERSION") })),
    }
}

#[test]
fn a_command_line_that_makes_no_sense_exits_with_2() {
    let portctl = Portctl::new();
    let mut told = String::new();
    for words in [
        &["frobnicate"][..],
        &["allocate"],
        &["allocate", "--service"],
        &["allocate", "--service", "web", "--port", "0"],
        &["allocate", "--service", "web", "--port", "65536"],
        &["allocate", "--service", "web", "--port=http"],
        &["allocate", "--service", "web", "--adopt"],
        &["allocate", "--service", "web", "--frob"],
        &["allocate", "--service", " "],
        &["allocate", "--service", "web", "--app", "two\nlines"],
        &["get"],
        &["get", "web", "api", "--port", "4000"],
        &["release", "--id", "seven"],
        &["release", "--id", "0"],
        &["list", "--app", "", "--instance", "x"],
        &["list", "--all", "--service", ""],
        &["release", "--id", "7", "--service", "web"],
        &["list", "extra"],
        &["check"],
        &["--port=3000"],
        &["get", "web", "--json=true"],
        &["get", "web", "--app", "--instance=x"],
        &["allocate", "--service", "--adopt"],
        &["get", "--service", "web"],
        &["allocate", "web"],
        &["check", "web"],
        &["list", "web"],
        &["skill", "isntall"],
        &["-V", "get", "web"],
        &["run", "web", "--", "true"],
        &["run", "--port", "3000", "--service", "web", "--", "true"],
        &["run", "--json", "--service", "web", "--", "true"],
        &["run", "--frob", "--service", "web", "--", "true"],
        &["run", "--service", "web", "npm", "--frob"],
    ] {
        let ran = portctl.run(words);
        let complaint = ran.complained(2);
        write!(told, "$ portctl {}\n{complaint}\n\n", words.join(" ")).unwrap();
    }
    portctl.in_general_terms(|| assert_snapshot!("usage-errors", told));
    let ran = portctl.run(&["get", "--json"]);
    assert_eq!(
        ran.complained(2),
        r#"{"error":"name a service, as in `portctl get web`","hint":"`portctl get --help`"}"#
    );
    assert!(portctl.run(&[]).complained(2).starts_with("Usage: portctl"));
    assert!(!portctl.sandbox.store().exists());
}
