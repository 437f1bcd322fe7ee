//! The words that portctl offers, before any shell chooses among them.

use std::collections::BTreeSet;

use test_support::daemon::Daemon;
use test_support::{Ran, install_script};

use super::fixture::{Desk, OWN};
use crate::PORTCTL;

fn shop() -> Desk {
    let (app, instance) = OWN;
    Desk::with(&[
        (app, instance, "web"),
        (app, instance, "db"),
        (app, "other", "mail"),
        ("shop", "main", "cart"),
        ("shop", "feature", "cart"),
        ("shop", "feature", "stock"),
    ])
}

/// Returns the commands, or the flags, that a help text lists, with their other names.
fn listed_in(help: &str, are_flags: bool) -> BTreeSet<&str> {
    let (commands, options) = help.split_once("\nOptions:\n").unwrap();
    let text = if are_flags { options } else { commands };
    let names = text
        .lines()
        .take_while(|line| !are_flags || !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("        "))
        .flat_map(|line| line.trim_start().split("  ").next().unwrap().split(", "))
        .map(|name| name.split(' ').next().unwrap());
    names
        .filter(|name| name.starts_with('-') == are_flags && name.to_lowercase() == *name)
        .collect()
}

#[test]
fn commands_and_flags_are_those_of_the_help() {
    let desk = shop();
    let help = |words: &[&str]| {
        let words = [words, &["--help"]].concat();
        desk.sandbox.run(PORTCTL, &words).printed().to_owned()
    };
    for command in [
        "get", "list", "url", "open", "wait", "env", "move", "release", "scan", "status", "run",
    ] {
        let mut offered = desk.offered(&[command, "-"]);
        // The command of `run` follows it.
        offered.retain(|it| it != "--");
        let offered: BTreeSet<&str> = offered.iter().map(String::as_str).collect();
        assert_eq!(offered, listed_in(&help(&[command]), true), "{command}");
    }
    let offered = desk.offered(&[""]);
    let offered: BTreeSet<&str> = offered.iter().map(String::as_str).collect();
    assert_eq!(offered, listed_in(&help(&[]), false));
    assert_eq!(desk.offered(&["skill", ""]), ["install", "uninstall"]);
    assert_eq!(desk.offered(&["ls", "-"]), desk.offered(&["list", "-"]));
}

#[test]
fn flag_is_offered_once_unless_it_repeats() {
    let desk = shop();
    let offers = |words: &[&str], flag: &str| desk.offered(words).iter().any(|it| it == flag);
    assert!(offers(&["list", "-"], "--all"));
    assert!(!offers(&["list", "--all", "-"], "--all"));
    assert!(!offers(&["--json", "list", "-"], "--json"));
    assert!(!offers(&["list", "--app", "shop", "-"], "--app"));
    assert!(!offers(&["list", "--app=shop", "-"], "--app"));
    assert!(offers(&["run", "--service", "web", "-"], "--service"));
    assert!(offers(&["list", "-"], "-a"));
    for given in ["-a", "-aj", "--all"] {
        assert!(!offers(&["list", given, "-"], "-a") && !offers(&["list", given, "-"], "--all"));
    }
    // The parser takes a flag for a flag even where a value is missing.
    assert!(!offers(&["list", "--app", "--all", "-"], "--all"));
    // Flags are not for words behind a `--`.
    assert_eq!(desk.offered(&["get", "--", "-"]), ["db", "web", "mail"]);
    // Where no word can follow but a flag, flags are offered at once.
    assert!(offers(&["status", ""], "--json"));
}

#[test]
fn services_are_those_of_the_checkout_and_where_they_can_get_a_port_those_of_other_instances() {
    let desk = shop();
    for (words, expected) in [
        (&["get", ""][..], &["db", "web", "mail"][..]),
        (&["get", "web", ""], &["db", "mail"]),
        (&["run", "--service", ""], &["db", "web", "mail"]),
        (&["run", "-s", ""], &["db", "web", "mail"]),
        (&["get", "-sw"], &["-sdb", "-sweb", "-smail"]),
        // One dash is enough for the parser.
        (&["get", "-app=shop", ""], &["cart", "stock"]),
        (&["get", "-service", ""], &["db", "web", "mail"]),
        (&["get", "-jsw"], &["-jsdb", "-jsweb", "-jsmail"]),
        (&["get", "-s=w"], &["-s=db", "-s=web", "-s=mail"]),
        (&["-j", "get", "-p4100", ""], &["db", "web", "mail"]),
        (&["--app", "shop", "get", ""], &["cart", "stock"]),
        (&["--app=shop", "ls", ""], &["cart", "stock"]),
        (&["rm", ""], &["db", "web"]),
        (&["release", "db", ""], &["web"]),
        (&["move", ""], &["db", "web"]),
        (&["move", "--service", ""], &["db", "web"]),
        (&["check", ""], &["db", "web"]),
        (&["env", ""], &["db", "web"]),
        (&["url", ""], &["db", "web"]),
        (&["open", ""], &["db", "web"]),
        (&["wait", "web", ""], &["db"]),
        (&["wait", "--http", ""], &[]),
        (&["url", "db", ""], &["web"]),
        (&["run", ""], &["db", "web", "mail", "--"]),
        (&["run", "web", ""], &["db", "mail", "--"]),
        (&["allocate", ""], &["mail"]),
        (&["allocate", "-s", ""], &["mail"]),
        (
            &["run", "--service", "db", "--service", ""],
            &["web", "mail"],
        ),
        (&["allocate", "--service", ""], &["mail"]),
        (&["allocate", "--instance=other", ""], &["db", "web"]),
        (&["--json", "get", ""], &["db", "web", "mail"]),
        (&["get", "--port", "4100", ""], &["db", "web", "mail"]),
        (&["get", "--app", "shop", ""], &["cart", "stock"]),
        (
            &["get", "--app=shop", "--instance", "main", ""],
            &["cart", "stock"],
        ),
        (&["get", "--instance", "other", ""], &["mail", "db", "web"]),
        (
            &["list", "--all", "--service", ""],
            &["cart", "db", "mail", "stock", "web"],
        ),
        (&["get", "--app", "none", "s"], &[]),
    ] {
        assert_eq!(desk.offered(words), expected, "{words:?}");
    }
    let ran = desk.ask(&["get", ""]);
    assert_eq!(
        ran.printed(),
        "words 0\ndb\tport 4002\nweb\tport 4001\nmail\tno port here"
    );
}

#[test]
fn services_of_all_checkouts_are_those_that_list_shows_whatever_a_variable_names() {
    let desk = shop();
    let offered = |words: &[&str]| {
        let mut command = desk.command(PORTCTL);
        command.args(["__complete", "fish"]).args(words);
        command.env("PORT_REGISTRY_APP", "shop");
        Ran::of(&mut command).printed().lines().count() - 1
    };
    assert_eq!(offered(&["list", "--all", "--service", ""]), 5);
    assert_eq!(offered(&["list", "--service", ""]), 2);
}

#[test]
fn words_of_compose_are_those_that_docker_offers() {
    let desk = shop();
    let docker = |answer: &str| {
        let script = format!("#!/bin/sh\nprintf '{answer}' \"$*\"\n");
        install_script(&script, &desk.bin().join("docker"));
    };
    docker("down\\tStop\\n%s\\n:4\\n");
    assert_eq!(
        desk.offered(&["compose", "-f", "a b.yaml", "d"]),
        ["down", "__complete compose -f a b.yaml d"]
    );
    assert_eq!(desk.offered(&["compose", "run", "web", "-"]).len(), 2);
    assert_eq!(desk.offered(&["compose", "-"]).last().unwrap(), "--print");
    docker("yaml\\n:8\\n");
    let asked = desk.ask(&["compose", "--file=a"]);
    assert_eq!(asked.printed(), "files 7");
    for nonsense in ["", "a", "b\\n:x", ":999"] {
        docker(nonsense);
        assert_eq!(desk.ask(&["compose", ""]).printed(), "files 0");
    }
}

#[test]
fn services_are_those_of_the_daemon_that_the_environment_names() {
    let desk = shop();
    let elsewhere = Desk::with(&[(OWN.0, OWN.1, "remote")]);
    let daemon = Daemon::start(&elsewhere.sandbox);
    let mut command = desk.command(PORTCTL);
    command
        .env("PORT_REGISTRY_ADDR", daemon.address.to_string())
        .args(["__complete", "fish", "get", ""]);
    let ran = Ran::of(&mut command);
    assert_eq!(ran.printed(), "words 0\nremote\tport 4001");
}

#[test]
fn words_have_the_form_that_the_shell_needs() {
    let desk = Desk::with(&[("a:b\\c d", "main", "web"), ("a", "main", "web")]);
    let app = "--app=a:";
    for (words, expected) in [
        (
            &["zsh", "list", app][..],
            "words 6\na:port 4002\na\\:b\\\\c d:port 4001",
        ),
        (
            &["zsh", "env", "--format", ""],
            "words 0\ndotenv\nshell\njson",
        ),
        (
            &["fish", "list", app],
            "words 6\n--app=a\tport 4002\n--app=a:b\\c d\tport 4001",
        ),
        // Only the rest behind the last character that breaks words, of those that fit.
        (&["bash", " =:", "list", app], "words 6\nb\\\\c\\ d"),
        (&["bash", " =", "list", app], "words 6\na:b\\\\c\\ d"),
        (&["bash", " ", "list", app], "words 6\n--app=a:b\\\\c\\ d"),
        (&["bash", " =:", "list", "--app='a"], "words 6\na\na:b\\c d"),
        (
            &["bash", " =:", "'list'", "\"--app\"", "a\\:"],
            "words 0\na:b\\\\c\\ d",
        ),
    ] {
        let words = [&["__complete"], words].concat();
        let ran = desk.sandbox.run(PORTCTL, &words);
        assert_eq!(ran.printed(), expected, "{words:?}");
    }
}

#[test]
fn values_are_known_by_the_names_of_their_arguments() {
    let desk = shop();
    for (words, expected) in [
        (&["list", "--app", ""][..], &["shop", "work"][..]),
        (&["list", "--app=s"], &["--app=shop", "--app=work"]),
        (
            &["list", "--instance", ""],
            &["default", "feature", "main", "other"],
        ),
        (
            &["list", "--app", "shop", "--instance", ""],
            &["feature", "main"],
        ),
        (&["env", "--format", ""], &["dotenv", "shell", "json"]),
        (&["completions", ""], &["bash", "zsh", "fish"]),
        (&["release", "--id", ""], &["1", "2", "3", "4", "5", "6"]),
        (&["release", "--port", ""], &["4001", "4002"]),
        (&["release", "--port=4002"], &["--port=4002"]),
        (&["check", "-p4006"], &["-p4006"]),
        (
            &["check", "--port", ""],
            &["4001", "4002", "4003", "4004", "4005", "4006"],
        ),
        (
            &["check", "4"],
            &["4001", "4002", "4003", "4004", "4005", "4006", "db", "web"],
        ),
        (&["release", "4"], &["db", "web", "4001", "4002"]),
        (&["move", "4"], &["db", "web", "4001", "4002"]),
        (&["list", "4"], &["db", "web", "4001", "4002"]),
        // Here a number is no port.
        (&["get", "4"], &["db", "web", "mail"]),
        // A service is to get another port.
        (&["get", "web", "--port", ""], &[]),
        (&["move", "web", "--port", ""], &[]),
    ] {
        assert_eq!(desk.offered(words), expected, "{words:?}");
    }
    for (words, expected) in [
        (&["env", "--write", ""][..], "files 0"),
        (&["env", "--write=.e"], "files 8"),
        (&["import", ""], "files 0"),
        (&["scan", "--register", ""], "files 0"),
        (&["run", "--", ""], "command 2"),
        (
            &["run", "--service", "web", "--", "npm", "run", ""],
            "command 4",
        ),
        (&["--json", "run", "--", "--app", ""], "command 3"),
        (&["run", "--service", "--", "--", ""], "command 3"),
        (&["run", "web", "-s", "db", "--", "npm"], "command 5"),
        (&["--app", "shop", "run", "--", ""], "command 4"),
    ] {
        assert_eq!(desk.ask(words).printed(), expected, "{words:?}");
    }
}

#[test]
fn name_that_the_parser_would_take_for_a_flag_is_offered_only_where_it_cannot() {
    let (app, instance) = OWN;
    let desk = Desk::with(&[
        (app, instance, "--json"),
        (app, instance, "web"),
        ("-x", "main", "web"),
    ]);
    assert_eq!(desk.offered(&["get", ""]), ["web"]);
    assert_eq!(desk.offered(&["get", "--", ""]), ["--json", "web"]);
    assert_eq!(desk.offered(&["get", "--app", ""]), ["work"]);
    assert_eq!(desk.offered(&["get", "--app="]), ["--app=-x", "--app=work"]);
}

#[test]
fn name_that_needs_a_flag_is_offered_behind_the_flag_alone() {
    let (app, instance) = OWN;
    let desk = Desk::with(&[
        (app, instance, "my web"),
        (app, instance, "3000"),
        (app, instance, "help"),
        (app, instance, "api"),
    ]);
    assert_eq!(desk.offered(&["get", ""]), ["api"]);
    assert_eq!(
        desk.offered(&["get", "-s", ""]),
        ["3000", "api", "help", "my web"]
    );
    // Plain words and the flag cannot be combined.
    assert!(
        !desk
            .offered(&["get", "-s", "api", ""])
            .contains(&"help".to_owned())
    );
    // These take a single service.
    assert!(
        !desk
            .offered(&["allocate", "web", ""])
            .contains(&"api".to_owned())
    );
}

#[test]
fn nothing_is_offered_behind_a_word_that_is_no_command() {
    let desk = shop();
    for words in [
        &["gte", ""][..],
        &["gte", "-"],
        &["skill", "web", ""],
        &["status", "web", "x"],
    ] {
        assert!(desk.offered(words).is_empty(), "{words:?}");
    }
    for words in [
        &[][..],
        &["__complete"],
        &["__complete", "csh", "get", ""],
        &["__complete", "bash"],
    ] {
        let words = [&["__complete"], words].concat();
        assert_eq!(desk.sandbox.run(PORTCTL, &words).printed(), "");
    }
}

#[test]
fn names_that_cannot_be_inserted_safely_are_left_out() {
    let (app, instance) = OWN;
    let desk = Desk::with(&[
        (app, instance, "we\u{200b}b"),
        (app, instance, "\u{202e}db"),
        (app, instance, "api"),
        // Fish would leave the tilde without a quote.
        (app, instance, "~"),
    ]);
    assert_eq!(desk.offered(&["get", ""]), ["api"]);
}

#[test]
fn new_worktree_offers_the_services_of_the_others() {
    let (app, _) = OWN;
    let desk = Desk::with(&[
        (app, "other", "web"),
        (app, "third", "web"),
        (app, "third", "db"),
        ("shop", "main", "cart"),
    ]);
    for command in ["get", "allocate"] {
        assert_eq!(desk.offered(&[command, ""]), ["db", "web"]);
    }
    assert_eq!(desk.offered(&["run", ""]), ["db", "web", "--"]);
    // These are for services with ports.
    for command in [
        "move", "release", "env", "url", "open", "wait", "check", "list",
    ] {
        let offered = desk.offered(&[command, ""]);
        assert!(!offered.contains(&"web".to_owned()), "{command}");
    }
}
