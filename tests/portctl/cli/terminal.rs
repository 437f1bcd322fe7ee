//! Output to terminals, closed pipes and full disks.

use std::fs;
use std::process::Stdio;

use crate::PORTCTL;
use serde_json::{Value, json};
use test_support::Ran;

use super::fixture::Portctl;

/// Runs portctl in a terminal of this width and returns the output.
#[cfg(target_os = "linux")]
fn run_in_terminal(
    portctl: &Portctl,
    columns: u16,
    line: &str,
    variables: &[(&str, &str)],
) -> String {
    let script = format!("stty cols {columns}; {PORTCTL} {line}");
    let mut command = portctl.command(&[]);
    let environment: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = portctl.sandbox.command("script");
    command.args(["-qec", &script, "/dev/null"]);
    command.env("TERM", "xterm").envs(environment);
    Ran::of(command.envs(variables.iter().copied())).stdout
}

#[cfg(target_os = "linux")]
#[test]
fn colours_are_used_in_terminals_or_on_request() {
    let portctl = Portctl::new();
    portctl.run(&["get", "web"]).printed();
    let is_coloured = |text: &str| text.contains('\u{1b}');
    let list = |variables: &[(&str, &str)]| run_in_terminal(&portctl, 80, "list", variables);
    let heading = list(&[]);
    assert!(heading.starts_with("\u{1b}[1mID  APP"), "{heading:?}");
    assert!(
        heading
            .lines()
            .next()
            .unwrap()
            .trim_end()
            .ends_with("CREATED\u{1b}[0m")
    );
    let error = run_in_terminal(&portctl, 80, "release --id 99", &[]);
    assert!(
        error.starts_with("\u{1b}[1;31merror:\u{1b}[0m allocation 99"),
        "{error:?}"
    );
    assert!(error.contains("\u{1b}[1;36mhint:\u{1b}[0m "), "{error:?}");
    for (name, value) in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
        assert!(!is_coloured(&list(&[(name, value)])), "{name}");
    }
    assert!(is_coloured(&list(&[("NO_COLOR", "")])));
    assert!(!is_coloured(&list(&[
        ("NO_COLOR", "1"),
        ("CLICOLOR_FORCE", "1")
    ])));
    // Without a terminal, colours are used only if forced, and never in JSON.
    assert!(!is_coloured(portctl.run(&["list"]).printed()));
    for (value, expected) in [("1", true), ("0", false)] {
        let mut command = portctl.command(&["list"]);
        let ran = Ran::of(command.env("CLICOLOR_FORCE", value));
        assert_eq!(is_coloured(ran.printed()), expected);
    }
    let mut command = portctl.command(&["list", "--json"]);
    assert!(!is_coloured(
        Ran::of(command.env("CLICOLOR_FORCE", "1")).printed()
    ));
}

#[cfg(target_os = "linux")]
#[test]
fn tables_fit_the_width_of_the_terminal() {
    let portctl = Portctl::new();
    let long =
        "a-service-with-a-name-that-takes-more-room-than-there-is-in-any-terminal-of-usual-size";
    portctl.run(&["get", "web", long]).printed();
    for columns in [30, 60, 80] {
        let table = run_in_terminal(&portctl, columns, "list", &[("NO_COLOR", "1")]);
        assert!(table.contains('…'), "{table}");
        for line in table.lines() {
            assert!(line.chars().count() <= usize::from(columns), "{table}");
        }
    }
    assert!(run_in_terminal(&portctl, 200, "list", &[]).contains(long));
    assert!(portctl.run(&["list"]).printed().contains(long));
}

/// Words before a message.
#[cfg(target_os = "linux")]
const LABELS: [&str; 9] = [
    "error:", "hint:", "ok", "home", "store", "pidfile", "path", "git", "warning",
];

/// Splits a text into words. A text between backticks is one word.
#[cfg(target_os = "linux")]
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(command) if is_open => command.extend([" ", word]),
            _ => words.push(word.to_owned()),
        }
        is_open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(target_os = "linux")]
#[test]
fn messages_wrap_between_words_at_the_width_of_the_terminal() {
    let portctl = Portctl::new();
    let port = portctl
        .run(&["get", "web", "--app", "shop"])
        .printed()
        .to_owned();
    let row = json!([
        {"app": "shop", "instance": "a", "service": "web", "port": port.parse::<u16>().unwrap()},
        {"app": "shop", "instance": "b", "service": "web", "port": port.parse::<u16>().unwrap()},
    ]);
    let file = portctl.sandbox.path().join("ports.json");
    std::fs::write(&file, row.to_string()).unwrap();
    let file = file.display();
    for line in [
        "release --id 99".to_owned(),
        "allocate --service web --adopt".to_owned(),
        "frobnicate".to_owned(),
        "list --service web".to_owned(),
        format!("check {port}"),
        format!("allocate --service other --port {port}"),
        format!("import {file}"),
        "doctor".to_owned(),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let ran = portctl.run(&args);
        let unwrapped = [ran.stdout, ran.stderr].concat();
        for columns in [30, 60, 80, 200] {
            let colour = [("NO_COLOR", "1")];
            let wrapped = run_in_terminal(&portctl, columns, &line, &colour);
            assert_eq!(words(&wrapped), words(&unwrapped), "{wrapped}");
            for line in wrapped.lines() {
                let is_narrow = line.chars().count() <= usize::from(columns);
                // A word that is wider than the terminal is kept whole, behind the label of its line if it is the first.
                let mut words = words(line);
                words.retain(|word| !LABELS.contains(&&**word));
                assert!(is_narrow || words.len() == 1, "{wrapped}");
                assert_eq!(line.matches('`').count() % 2, 0, "{wrapped}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn help_wraps_at_the_width_of_the_terminal() {
    let portctl = Portctl::new();
    for line in ["", "--help", "run --help", "scan --help"] {
        let args: Vec<&str> = line.split_whitespace().collect();
        let unwrapped = portctl.run(&args).stdout;
        // Text is at most 100 columns wide.
        for (columns, width) in [(30, 30), (60, 60), (80, 80), (100, 100), (200, 100)] {
            let wrapped = run_in_terminal(&portctl, columns, line, &[]);
            assert_eq!(words(&wrapped), words(&unwrapped), "{wrapped}");
            for line in wrapped.lines().filter(|it| it.chars().count() > width) {
                // People copy examples, so they are not wrapped, and a word is never split.
                let is_example = unwrapped.contains(&format!("{line}\n"));
                let is_word = line.split_whitespace().count() == 1;
                assert!(is_example || is_word, "{line}\n{wrapped}");
            }
            let widest = wrapped.lines().map(|line| line.chars().count()).max();
            assert!(widest > Some(width - 12), "{columns}: {wrapped}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn colours_of_labels_take_no_room_in_a_line() {
    let portctl = Portctl::new();
    for columns in 30..50 {
        let plain = run_in_terminal(&portctl, columns, "release --id 99", &[("NO_COLOR", "1")]);
        let coloured = run_in_terminal(&portctl, columns, "release --id 99", &[]);
        let bare = ["\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m"]
            .iter()
            .fold(coloured.clone(), |text, code| text.replace(code, ""));
        assert_ne!(coloured, plain);
        assert_eq!(bare, plain);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn times_are_short_in_terminals_and_whole_elsewhere() {
    let portctl = Portctl::new();
    let time = "2020-02-29T12:34:56Z";
    let row = json!([{"app": "shop", "instance": "main", "service": "web", "port": portctl.first, "created_at": time}]);
    let file = portctl.sandbox.work().join("ports.json");
    fs::write(&file, row.to_string()).unwrap();
    portctl.run(&["import", file.to_str().unwrap()]);
    let table = run_in_terminal(&portctl, 80, "list --all", &[("NO_COLOR", "1")]);
    assert!(table.trim_end().ends_with("  2020-02-29"), "{table}");
    for words in [&["list", "--all"][..], &["list", "--all", "--json"]] {
        let ran = portctl.run(words);
        assert!(ran.printed().contains(time), "{ran:?}");
    }
}

#[test]
fn control_characters_in_names_are_escaped() {
    let portctl = Portctl::new();
    let name = "web\u{202e}bew\u{200b}";
    let ran = portctl.run(&["allocate", "--service", name]);
    assert!(
        ran.printed().ends_with(r"/web\u{202e}bew\u{200b}"),
        "{}",
        ran.stdout
    );
    let shown = r"web\u{202e}bew\u{200b}";
    assert!(portctl.run(&["list"]).printed().contains(shown));
    assert!(
        portctl
            .run(&["allocate", "--service", name])
            .complained(1)
            .contains(shown)
    );
    let ran = portctl.run(&["list", "--json"]);
    assert!(ran.printed().contains(r"web\u202ebew\u200b"));
    let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(listed[0]["service"], name);
    let ran = portctl.run(&["list", "--service", "\u{202e}"]);
    assert!(ran.stderr.contains(r"\u{202e}"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error_but_a_full_disk_is() {
    let portctl = Portctl::new();
    portctl.run(&["get", "web"]).printed();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = portctl.command(&["list"]);
    let ran = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!((ran.status.code(), &*ran.stderr), (Some(0), &b""[..]));
    if cfg!(target_os = "linux") {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ran = portctl.command(&["list"]).stdout(full).output().unwrap();
        assert_eq!(ran.status.code(), Some(1));
        assert!(ran.stderr.starts_with(b"error: cannot write: "));
    }
}
