//! Compares the tables of the documents with the programs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::text::{DAEMON, Document, PORTCTL, README};
use crate::PORTCTL as PROGRAM;
use test_support::{Sandbox, program};

/// Returns the rows of the table with this heading.
#[track_caller]
fn table(document: Document, heading: &str) -> Vec<Vec<&'static str>> {
    let mut rows = document
        .text
        .lines()
        .skip_while(|line| *line != heading)
        .skip(2);
    let rows = rows.by_ref().take_while(|line| line.starts_with('|'));
    let cells = |row: &'static str| row.trim_matches('|').split(" | ").map(str::trim).collect();
    let rows: Vec<_> = rows.map(cells).collect();
    assert!(rows.len() > 2, "{heading}");
    rows
}

/// Returns the parts of a text between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Returns the flags in a text.
fn flags(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    let words = text.split(|c: char| !is_part(c));
    let flags = words.filter(|word| word.starts_with("--") && !word.ends_with('-'));
    flags.map(str::to_owned).collect()
}

fn help(sandbox: &Sandbox, words: &[&str]) -> String {
    let words = [words, &["--help"]].concat();
    sandbox.run(PROGRAM, &words).printed().to_owned()
}

/// Returns the commands that a help text lists.
fn commands(help: &str) -> Vec<&str> {
    let (groups, _) = help.split_once("\nOptions:\n").unwrap();
    groups
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|it| !it.starts_with(' ')))
        .map(|line| line.split([' ', ',']).next().unwrap())
        .collect()
}

/// Returns the flags that a help text lists.
fn flags_of(help: &str) -> BTreeSet<String> {
    let (_, options) = help.split_once("\nOptions:\n").unwrap();
    let options = options.lines().take_while(|line| !line.is_empty());
    let names = options.map(|line| line.trim_start().split("  ").next().unwrap());
    let mut flags: BTreeSet<String> = names.flat_map(flags).collect();
    flags.remove("--help");
    flags.remove("--version");
    flags
}

/// Returns the `portctl` commands in a text.
fn commands_in(text: &str) -> BTreeSet<&str> {
    let names = code(text).filter_map(|it| it.strip_prefix("portctl ")?.split(' ').next());
    names
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase()))
        .collect()
}

/// Returns the headings and texts of the sections about commands.
fn command_sections() -> Vec<(&'static str, &'static str)> {
    let sections = PORTCTL.text.split("\n#### ").skip(1);
    let sections = sections.filter_map(|section| section.split_once('\n'));
    let text = |text: &'static str| text.split("\n#").next().unwrap_or(text);
    let sections = sections.map(|(heading, rest)| (heading, text(rest)));
    sections
        .filter(|(heading, _)| heading.starts_with("`portctl "))
        .collect()
}

#[test]
fn sections_about_commands_describe_every_command_and_flag() {
    let sandbox = Sandbox::new();
    let flags_of_command = |name: &str| match name {
        "skill" | "hook" => ["install", "uninstall"]
            .iter()
            .flat_map(|it| flags_of(&help(&sandbox, &[name, it])))
            .collect(),
        _ => flags_of(&help(&sandbox, &[name])),
    };
    let everywhere = ["--app", "--instance", "--service", "--json"]
        .map(str::to_owned)
        .into();
    let mut listed = BTreeSet::new();
    for (heading, text) in command_sections() {
        let text = format!("{heading} {text}");
        let mentioned = flags(&text);
        let mut known = BTreeSet::from(["--version".to_owned()]);
        known.extend(commands_in(&text).into_iter().flat_map(&flags_of_command));
        let unknown: Vec<_> = mentioned.difference(&known).collect();
        assert!(unknown.is_empty(), "{unknown:?} do not exist: {text}");
        for name in commands_in(heading) {
            listed.insert(name);
            let own = flags_of_command(name);
            let missing = &(&own - &mentioned) - &everywhere;
            assert!(
                missing.is_empty(),
                "{} does not describe {missing:?} of {name}",
                PORTCTL.path
            );
        }
    }
    assert_eq!(listed, commands(&help(&sandbox, &[])).into_iter().collect());
}

#[test]
fn text_about_shared_flags_is_complete() {
    let sandbox = Sandbox::new();
    let text = PORTCTL.text.replace('\n', " ");
    let (_, sentence) = text
        .split_once("`--app` and `--instance` go with ")
        .unwrap();
    let (with_names, rest) = sentence.split_once(';').unwrap();
    let (without_json, _) = rest.split_once("takes `--json`").unwrap();
    let (_, without_json) = without_json.split_once("every command but ").unwrap();
    let with_names: BTreeSet<&str> = code(with_names).collect();
    let without_json: BTreeSet<&str> = code(without_json).collect();
    let help_of_all = help(&sandbox, &[]);
    for name in commands(&help_of_all)
        .into_iter()
        .filter(|it| !["skill", "hook"].contains(it))
    {
        let help = help(&sandbox, &[name]);
        let flags = flags_of(&help);
        for flag in ["--app", "--instance"] {
            assert_eq!(
                flags.contains(flag),
                with_names.contains(name),
                "{name} {flag}"
            );
        }
        assert_eq!(
            flags.contains("--service"),
            with_names.contains(name) && !["scan", "sync"].contains(&name),
            "{name} --service"
        );
        assert_eq!(
            !flags.contains("--json"),
            without_json.contains(name),
            "{name}"
        );
    }
}

#[test]
fn tables_of_daemon_flags_and_variables_are_complete() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.run(program("port-registry"), &["--help"]);
    let listed: BTreeSet<String> = table(DAEMON, "| flag of `port-registry` | sets | default |")
        .iter()
        .flat_map(|row| code(row[0]).map(str::to_owned))
        .collect();
    assert_eq!(listed, flags_of(daemon.printed()));

    let portctl = help(&sandbox, &[]);
    let listed: BTreeSet<&str> = table(PORTCTL, "| variable | sets | default |")
        .iter()
        .flat_map(|row| code(row[0]))
        .filter(|variable| *variable != "HOME")
        .collect();
    let (_, environment) = portctl.split_once("Environment:\n").unwrap();
    let environment = environment.lines().take_while(|line| !line.is_empty());
    let known: BTreeSet<&str> = environment
        .filter_map(|line| line.strip_prefix("  ").filter(|it| !it.starts_with(' ')))
        .filter_map(|line| line.split("  ").next())
        .flat_map(|variables| variables.split(", "))
        .collect();
    assert_eq!(listed, known);
}

#[test]
fn tables_of_the_api_match_the_openapi_document() {
    let document = include_str!("../../../port-registry-http/openapi.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let mut requests = BTreeSet::new();
    let mut statuses = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if ["get", "put", "post", "patch", "delete"].contains(&&**method) {
                requests.insert(format!("{} {path}", method.to_uppercase()));
                let responses = operation["responses"].as_object().unwrap();
                statuses.extend(responses.keys().cloned());
            }
        }
    }
    let listed = table(DAEMON, "| request | does |")
        .into_iter()
        .filter_map(|row| {
            let request = code(row[0]).next().unwrap();
            // Paths of the document have no query.
            request.split('?').next()
        });
    assert_eq!(listed.map(str::to_owned).collect::<BTreeSet<_>>(), requests);

    let schemas = &document["components"]["schemas"];
    let fields: BTreeSet<&str> = ["Claim", "Move"]
        .iter()
        .flat_map(|name| schemas[name]["properties"].as_object().unwrap().keys())
        .map(String::as_str)
        .collect();
    let listed = table(DAEMON, "| field | of | means |").into_iter();
    let listed = listed
        .flat_map(|row| code(row[0]))
        .map(|it| it.trim_matches('"'));
    assert_eq!(listed.collect::<BTreeSet<_>>(), fields);

    let table = table(DAEMON, "| status | `code` | when |");
    let codes = &document["components"]["schemas"]["ErrorCode"]["enum"];
    let codes = codes.as_array().unwrap().iter();
    let codes: BTreeSet<_> = codes.map(|code| code.as_str().unwrap()).collect();
    let listed = table.iter().flat_map(|row| code(row[1]));
    assert_eq!(listed.collect::<BTreeSet<_>>(), codes);
    let listed: BTreeSet<String> = table
        .iter()
        .flat_map(|row| row[0].split(", ").map(str::to_owned))
        .collect();
    let failures = statuses.iter().filter(|status| !status.starts_with('2'));
    let failures: BTreeSet<String> = failures.cloned().collect();
    let missing: Vec<_> = failures.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "{} does not list {missing:?}",
        DAEMON.path
    );
}

#[test]
fn readme_has_at_most_200_lines() {
    assert!(README.text.lines().count() <= 200);
}

#[cfg(unix)]
#[test]
fn table_of_frameworks_shows_what_run_starts() {
    let sandbox = Sandbox::in_memory();
    let programs = sandbox.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    let path = test_support::path_with(&[&programs]);
    let port = sandbox.run(PROGRAM, &["get", "web"]).printed().to_owned();
    for row in table(README, "| command | the first one is started as |") {
        let command = code(row[0]).next().unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        let stand_in = "#!/bin/sh\necho \"${0##*/} $*\"\n";
        test_support::install_script(stand_in, &programs.join(words[0]));
        let mut run = sandbox.command(PROGRAM);
        run.args(["run", "web", "--"]).args(&words);
        run.env("PATH", &path);
        let ran = test_support::Ran::of(&mut run);
        assert_eq!(ran.code, Some(0), "{command}: {ran:?}");
        let shown = ran.stderr.trim_end().strip_prefix("running: ");
        let expected = code(row[1]).next().filter(|it| *it != "PORT");
        let expected = expected.map(|it| it.replace("3000", &port));
        assert_eq!(shown, expected.as_deref(), "{command}: {ran:?}");
    }
}
