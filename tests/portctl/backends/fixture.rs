//! `portctl` with either backend.

use std::fmt::Write as _;
use std::process::Command;

use crate::PORTCTL;
use serde_json::{Value, json};
use test_support::daemon::Daemon;
use test_support::{Ran, Sandbox};

use super::table::TABLE;

/// Number of ports in the range.
pub(super) const PORTS: u16 = 4;

/// A sandbox in which portctl uses a given backend.
pub(super) struct Portctl {
    pub(super) sandbox: Sandbox,
    pub(super) range: String,
    pub(super) first: u16,
    pub(super) daemon: Option<Daemon>,
}

impl Portctl {
    /// Creates a sandbox for the in-process backend, with the files that the commands of the table read.
    pub(super) fn in_process(first: u16) -> Portctl {
        let sandbox = Sandbox::in_memory();
        for folder in ["here/shop", "there/shop"] {
            let folder = sandbox.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            let procfile = format!("web: next -p {}\ndebug: something -p {first}\n", first + 1);
            std::fs::write(folder.join("Procfile"), procfile).unwrap();
        }
        let file = |name: &str, rows: &Value| {
            std::fs::write(sandbox.path().join(name), rows.to_string()).unwrap();
        };
        let row = |app: &str, service: &str, port: u16| {
            json!({"app": app, "instance": "default", "service": service, "port": port,
                   "created_at": "2026-01-02 03:04:05"})
        };
        let web = row("shop", "web", first);
        file("all.json", &json!([web, web]));
        let other_port = row("shop", "web", first + 1);
        let other_service = row("blog", "web", first);
        file("conflicts.json", &json!([web, other_port, other_service]));
        Portctl {
            sandbox,
            range: format!("{first}-{}", first + PORTS - 1),
            first,
            daemon: None,
        }
    }

    /// Creates the sandbox of [`Portctl::in_process`], but for the HTTP backend.
    pub(super) fn over_http(first: u16) -> Portctl {
        let portctl = Portctl::in_process(first);
        let daemon = Daemon::start_with(&portctl.sandbox, &["--range", &portctl.range]);
        Portctl {
            daemon: Some(daemon),
            ..portctl
        }
    }

    pub(super) fn command(&self) -> Command {
        let mut command = self.sandbox.command(PORTCTL);
        match &self.daemon {
            Some(daemon) => command.env("PORT_REGISTRY_ADDR", daemon.address.to_string()),
            None => command.env("PORT_REGISTRY_RANGE", &self.range),
        };
        command
    }

    /// Runs each line of the table, and returns the output and exit codes.
    pub(super) fn transcript(&self, busy: u16, occupant: u32) -> String {
        let mut transcript = String::new();
        for line in TABLE.trim().lines() {
            let (folder, line_args) = match line.strip_prefix("# ") {
                Some(args) => ("there/shop", args),
                None => ("here/shop", line),
            };
            let ports = (0..PORTS).map(|offset| (format!("P{offset}"), self.first + offset));
            let line_args = ports
                .chain([("BUSY".to_owned(), busy)])
                .fold(line_args.to_owned(), |args, (name, port)| {
                    args.replace(&name, &port.to_string())
                });
            let args = line_args.split(' ').map(|arg| match arg {
                "''" => "",
                arg => arg,
            });
            let args: Vec<String> = args
                .map(|arg| arg.trim_matches('\'').replace("\\n", "\n"))
                .collect();
            let folder = self.sandbox.path().join(folder);
            let ran = Ran::of(self.command().args(args).current_dir(folder));
            let code = ran.code.unwrap();
            let errors = ran.stderr.lines().map(|line| format!("! {line}\n"));
            let errors: String = errors.collect();
            let printed = ran.stdout;
            writeln!(
                transcript,
                "$ portctl {line}\n{printed}{errors}exit {code}\n"
            )
            .unwrap();
        }
        self.redact(&transcript, busy, occupant)
    }

    /// Redacts values that differ between runs.
    fn redact(&self, text: &str, busy: u16, pid: u32) -> String {
        let mut text = text.replace(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        for offset in 0..PORTS {
            text = text.replace(&(self.first + offset).to_string(), &format!("[P{offset}]"));
        }
        text = text.replace(&busy.to_string(), "[BUSY]");
        // A hash of the checkout's path ends the instance.
        let parts = text.split("default-").enumerate();
        let parts = parts.map(|(at, part)| if at == 0 { part } else { &part[4..] });
        text = parts.collect::<Vec<_>>().join("default-[MARK]");
        // Only Linux tells the folder of the process.
        text.replace(", in /)", ")")
            .replace(",\"dir\":\"/\"}", "}")
            .replace("its folder is unknown", "its folder is in no checkout")
            .replace(&format!("(pid {pid})"), "(pid [PID])")
            .replace(&format!("\"pid\":{pid}"), "\"pid\":[PID]")
    }
}
