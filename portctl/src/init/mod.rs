//! The project file that `portctl init` writes, as a text. It is made of the findings of a scan.

mod env_lines;
mod script_names;
mod service_lines;
#[cfg(test)]
mod tests;
mod toml_text;

use std::fmt::Write as _;

use port_registry::variable_name;

pub(crate) use self::env_lines::{EnvLine, env_lines};
use self::service_lines::{ServiceLine, service_lines};
use self::toml_text::{beside, quoted};
use crate::declared::ComposeVariables;
use crate::output::wording;
use crate::scan::FixedPort;

/// The most lines of a table, so that people and portctl can read the file.
const MAX_LINES: usize = 200;

/// The findings about a project.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    /// The ports, with paths relative to the root.
    pub(crate) ports: &'a [FixedPort],
    /// The variables of the ports in the Compose files at the root.
    pub(crate) compose: &'a ComposeVariables,
    /// The lines of env files that mention ports of this machine.
    pub(crate) env_lines: &'a [EnvLine],
    pub(crate) env_file: EnvFile,
    /// The app that is detected.
    pub(crate) app: Option<&'a str>,
}

/// The project file, and remarks about it.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) text: String,
    pub(crate) notes: Vec<String>,
}

/// The use of `.env` in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvFile {
    /// Nothing reads it.
    Unused,
    /// It is read, and git does not record it.
    Ignored,
    /// It is read, and git records it.
    Tracked,
    /// It is read, and git would record it.
    Untracked,
}

/// Renders the project file.
pub(crate) fn render(findings: &Findings) -> Rendered {
    let mut services = service_lines(findings.ports, findings.compose, MAX_LINES + 1);
    let has_more = services.len() > MAX_LINES;
    services.truncate(MAX_LINES);
    let active: Vec<&ServiceLine> = services.iter().filter(|it| it.is_active()).collect();
    let mut text = String::from(
        "# The services of this project. `portctl sync` gives each of them a port of its own in every checkout.\n",
    );
    let is_example = active.is_empty();
    if let Some(app) = findings.app {
        let entry = format!("# app = {}", quoted(app));
        let _ = writeln!(text, "{}", beside(&entry, "if it is to have another name"));
    }
    text.push_str("\n[services]\n");
    for line in &services {
        let _ = writeln!(text, "{}", line.text());
    }
    if has_more {
        text.push_str("# `portctl scan` shows more ports\n");
    }
    if is_example {
        for (entry, comment) in [
            (
                "# web = 5173",
                "the port that the main checkout gets, if it is available",
            ),
            (
                "# api = { port = 4000, env = \"API_PORT\" }",
                "and the name of its variable",
            ),
            ("# debug = {}", "any port"),
        ] {
            let _ = writeln!(text, "{}", beside(entry, comment));
        }
    }
    text.push('\n');
    if let Some(table) = env_table(findings.env_lines, &active) {
        text.push_str(&table);
        text.push('\n');
    }
    text.push_str(&files_table(findings.env_file, is_example));
    let notes = notes(&services);
    Rendered { text, notes }
}

fn notes(services: &[ServiceLine]) -> Vec<String> {
    let mut notes = Vec::new();
    if services.is_empty() {
        notes.push("no fixed ports were found; declare the services below [services]".to_owned());
    }
    let fixed = services.iter().filter(|it| it.variable_entry().is_some());
    match fixed.count() {
        0 => {}
        count => notes.push(format!(
            "`portctl compose` replaces the fixed ports of {}; plain `docker compose` needs the variables in the comments",
            wording::count(count, "service")
        )),
    }
    notes
}

/// The table `[env]`, as an example. Returns `None` if no service can be referred to.
fn env_table(lines: &[EnvLine], active: &[&ServiceLine]) -> Option<String> {
    let mut text = beside("# [env]", "variables that are computed from the ports") + "\n";
    let mut entries: Vec<String> = Vec::new();
    for line in lines {
        let service = active.iter().find(|it| it.port.get() == line.port);
        let reference = service.and_then(|it| it.reference());
        entries.extend(reference.map(|reference| line.text(reference)));
    }
    if entries.is_empty() {
        let mut servers = active.iter().filter(|it| it.is_server());
        let server = servers.find_map(|it| it.reference());
        // Without services, the table above has an example of this name.
        let server = server.or_else(|| active.is_empty().then_some("api"));
        entries.push(if let Some(server) = server {
            let value = quoted(&format!("${{{server}.url}}"));
            format!("# {} = {value}", variable_with(server, "_URL"))
        } else {
            let service = active.iter().find_map(|it| it.reference())?;
            let value = quoted(&format!("localhost:${{{service}.port}}"));
            format!("# {} = {value}", variable_with(service, "_ADDRESS"))
        });
    }
    entries.truncate(MAX_LINES);
    text.push_str(&entries.join("\n"));
    text.push('\n');
    Some(text)
}

/// Returns the usual variable of a service with another ending.
fn variable_with(service: &str, ending: &str) -> String {
    variable_name(service).replace("_PORT", ending)
}

/// The table `[files]`. It is an example if writing `.env` would change a file that git records.
fn files_table(env_file: EnvFile, is_example: bool) -> String {
    let remark = match env_file {
        EnvFile::Unused => "if the project reads it",
        EnvFile::Ignored => "all variables",
        EnvFile::Tracked => "git tracks it; let git ignore it first",
        EnvFile::Untracked => "add it to .gitignore first",
    };
    let mark = if env_file == EnvFile::Ignored && !is_example {
        ""
    } else {
        "# "
    };
    let head = beside(
        &format!("{mark}[files]"),
        "the files that `portctl sync` keeps",
    );
    let entry = beside(&format!("{mark}\".env\" = \"all\""), remark);
    format!("{head}\n{entry}\n")
}
