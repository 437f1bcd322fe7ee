//! Servers that ignore `PORT`: their command lines are completed.

use std::process::Command;

use crate::PORTCTL;
use test_support::{
    Ran, Sandbox, free_block, install_script, occupant_of, occupant_of_in, path_with,
};

/// A checkout with the service `web`, and programs that print their arguments and a variable.
struct Stage {
    sandbox: Sandbox,
    web: u16,
}

impl Stage {
    fn new() -> Stage {
        let stage = Stage {
            sandbox: Sandbox::in_memory(),
            web: free_block(2),
        };
        for name in ["vite", "flask", "tool", "astro", "docker", "psql"] {
            let script = format!("#!/bin/sh\necho {name} \"$@\" ${{FLASK_RUN_PORT-}}\n");
            install_script(&script, &stage.sandbox.work().join(name));
        }
        stage
    }

    fn portctl(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(PORTCTL);
        command.env("PATH", path_with(&[self.sandbox.work()]));
        command.env(
            "PORT_REGISTRY_RANGE",
            format!("{}-{}", self.web, self.web + 1),
        );
        command.args(words);
        command
    }

    /// Runs a command, which succeeds. Returns its output, and what was said on standard error.
    #[track_caller]
    fn run(&self, words: &[&str]) -> (String, String) {
        let ran = Ran::of(&mut self.portctl(&[&["run"], words].concat()));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        (ran.stdout.trim_end().to_owned(), ran.stderr)
    }
}

#[test]
fn server_gets_its_port_by_its_flag_or_variable() {
    let stage = Stage::new();
    let web = stage.web;
    let line = format!("vite --port {web} --strictPort");
    let shown = (line.clone(), format!("running: {line}\n"));
    assert_eq!(stage.run(&["web", "--", "vite"]), shown);
    let shown = (
        format!("flask run {web}"),
        format!("running: FLASK_RUN_PORT={web} flask run\n"),
    );
    assert_eq!(stage.run(&["web", "--", "flask", "run"]), shown);
    for words in [
        &["web", "--plain", "--", "vite"][..],
        &["web", "--", "vite", "build"],
    ] {
        let line = words[words.iter().position(|it| *it == "--").unwrap() + 1..].join(" ");
        assert_eq!(stage.run(words), (line, String::new()), "{words:?}");
    }
    // Several services may be meant.
    let (line, said) = stage.run(&["web", "api", "--", "vite"]);
    assert_eq!(line, "vite");
    assert!(
        said.starts_with("note: PORT is not set, ") && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn nothing_is_said_about_the_ports_of_commands_that_do_not_serve() {
    let stage = Stage::new();
    let work = stage.sandbox.work();
    for (words, line) in [
        (
            &["web", "db", "--", "docker", "compose", "up"][..],
            "docker compose up",
        ),
        (&["--", "docker", "compose", "up"], "docker compose up"),
        (&["--", "vite", "build"], "vite build"),
        (&["--", "psql"], "psql"),
    ] {
        assert_eq!(stage.run(words), (line.to_owned(), String::new()));
    }
    let ports = Ran::of(&mut stage.portctl(&["get", "db"]));
    let _server = occupant_of_in(ports.printed().parse().unwrap(), &work);
    let (_, said) = stage.run(&["db", "--", "psql"]);
    assert_eq!(said, "");
    let (_, said) = stage.run(&["db", "--", "tool"]);
    assert!(said.starts_with("note: db is up already: "), "{said}");
    let (_, said) = stage.run(&["--", "psql", "{port}"]);
    assert!(
        said.starts_with("note: PORT is not set, and {port} stays"),
        "{said}"
    );
}

#[test]
fn server_that_moves_is_noted_only_if_its_port_is_in_use() {
    let stage = Stage::new();
    let web = stage.web;
    let running = format!("running: astro dev --port {web}\n");
    assert_eq!(stage.run(&["web", "--", "astro", "dev"]).1, running);
    let _server = occupant_of_in(web, &stage.sandbox.work());
    let (_, said) = stage.run(&["web", "--", "astro", "dev"]);
    let note = "note: astro may move to another port: read the address that it prints\n";
    assert!(said.starts_with("note: web is up already: "), "{said}");
    assert!(said.ends_with(&format!("{note}{running}")), "{said}");
}

#[test]
fn server_is_not_run_beside_an_unknown_process_on_its_own_port() {
    let stage = Stage::new();
    Ran::of(&mut stage.portctl(&["get", "web", "db"])).printed();
    let server = occupant_of(stage.web);
    let problem = format!(
        "port {} of work/default/web is in use by test-listener (pid {}, in /); its checkout is unknown, because its folder \
         is in no checkout",
        stage.web,
        server.id()
    );
    let ran = Ran::of(&mut stage.portctl(&["run", "web", "--", "vite"]));
    let step = "\nhint: `portctl move web` gives the service another port; with --force, the command is run all the same";
    assert_eq!(ran.complained(1), format!("error: {problem}{step}"));
    let (_, said) = stage.run(&["web", "--force", "--", "vite"]);
    assert!(
        said.starts_with(&format!("note: {problem}\nrunning: ")),
        "{said}"
    );
    let (_, said) = stage.run(&["web", "--", "tool"]);
    assert_eq!(said, format!("note: {problem}\n"));
}
