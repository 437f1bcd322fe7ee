//! The lines of `[services]`.

use std::collections::BTreeSet;

use port_registry::{Port, variable_name};

use super::script_names::with_better_names;
use super::toml_text::{beside, key, quoted};
use crate::declared::{ComposeVariables, VariableNames, is_service_name, is_variable_name};
use crate::scan::{FileKind, FixedEntry, FixedPort};

/// The variable that many programs read. Only one service of a project can have it.
const PORT: &str = "PORT";

/// The script that shows a build, for which no service needs a port all the time.
const PREVIEW: &str = "preview";

/// The end of the name of a service whose own name means something else in references.
const SUFFIX: &str = "-server";

/// A service and its port.
#[derive(Debug)]
pub(super) struct ServiceLine {
    name: String,
    pub(super) port: Port,
    /// The variable that `env` gives to a service with this name.
    given: String,
    /// The variable, if it is another one.
    variable: Option<String>,
    /// The file and the line, and a remark.
    comment: String,
    is_active: bool,
    kind: FileKind,
    /// The entry of a Compose file with a fixed port.
    published: Option<FixedEntry>,
}

impl ServiceLine {
    /// Returns true if the line declares the service, and is no comment.
    pub(super) fn is_active(&self) -> bool {
        self.is_active
    }

    pub(super) fn text(&self) -> String {
        let mark = if self.is_active { "" } else { "# " };
        let (name, port) = (key(&self.name), self.port);
        let value = match &self.variable {
            Some(variable) => format!("{{ port = {port}, env = {} }}", quoted(variable)),
            None => port.to_string(),
        };
        let comment = match self.variable_entry() {
            Some(entry) => format!(
                "{}; for plain docker compose, write {entry} there",
                self.comment
            ),
            None => self.comment.clone(),
        };
        beside(&format!("{mark}{name} = {value}"), &comment)
    }

    /// Returns the entry to write in a Compose file that publishes a fixed port.
    pub(super) fn variable_entry(&self) -> Option<String> {
        let FixedEntry { before, behind } = self.published.as_ref()?;
        let (variable, port) = (self.variable.as_ref().unwrap_or(&self.given), self.port);
        Some(format!("\"{before}${{{variable}:-{port}}}{behind}\""))
    }

    /// Returns true if the service is most likely a server of the project, and no database.
    pub(super) fn is_server(&self) -> bool {
        self.is_active && self.kind != FileKind::Compose
    }

    /// Returns the name for references, unless it cannot be part of one.
    pub(super) fn reference(&self) -> Option<&str> {
        let is_plain = |it: char| it.is_alphanumeric() || "-_".contains(it);
        self.name.chars().all(is_plain).then_some(&*self.name)
    }
}

/// Makes a line for each service, `max` at most. Those that are certain and agree with the earlier ones are active.
pub(super) fn service_lines(
    ports: &[FixedPort],
    compose: &ComposeVariables,
    max: usize,
) -> Vec<ServiceLine> {
    let mut lines: Vec<ServiceLine> = Vec::new();
    let mut wanted: Vec<Vec<String>> = Vec::new();
    for fixed in &with_better_names(ports) {
        let name = match fixed.service.as_str() {
            reserved @ ("app" | "instance") => format!("{reserved}{SUFFIX}"),
            name => name.to_owned(),
        };
        let is_repeated = |it: &ServiceLine| it.name == name && it.port == fixed.port;
        if lines.iter().any(is_repeated) {
            continue;
        }
        if lines.len() == max {
            break;
        }
        let place = format!("{}:{}", fixed.file, fixed.line);
        let problem = problem(fixed, &name, &lines);
        let is_active = problem.is_none();
        let remark = match problem {
            Some(problem) => Some(problem),
            None if fixed.implied => Some("the default port of its server".to_owned()),
            None if name != fixed.service => Some(format!(
                "where it is `{}`, which has a meaning here",
                fixed.service
            )),
            None => None,
        };
        let comment = match remark {
            Some(remark) => format!("{place}, {remark}"),
            None => place,
        };
        wanted.push(if is_active {
            own_variables(fixed)
        } else {
            Vec::new()
        });
        lines.push(ServiceLine {
            given: variable_name(&name),
            name,
            port: fixed.port,
            variable: None,
            comment,
            is_active,
            kind: fixed.kind,
            published: fixed.origin.published.clone().filter(|_| is_active),
        });
    }
    let active = lines.iter().filter(|it| it.is_active);
    let active: Vec<String> = active.map(|it| it.name.clone()).collect();
    let names = VariableNames::new(None, compose, active.iter().map(String::as_str));
    for line in &mut lines {
        line.given = names.of(&line.name).swap_remove(0);
    }
    assign_variables(&mut lines, wanted);
    lines
}

/// Returns the reason why a service is only a comment.
fn problem(fixed: &FixedPort, name: &str, before: &[ServiceLine]) -> Option<String> {
    let mut active = before.iter().filter(|it| it.is_active);
    if !is_service_name(name) {
        Some("no name of a service".to_owned())
    } else if !is_variable_name(&variable_name(name)) {
        Some("its variable would be one of the system".to_owned())
    } else if fixed.origin.script.as_deref() == Some(PREVIEW) {
        Some("a preview of the build".to_owned())
    } else if active.clone().any(|it| it.name == name) {
        Some("another port of the same service".to_owned())
    } else if let Some(other) = active.clone().find(|it| it.port == fixed.port) {
        Some(format!("the port of {} above", other.name))
    } else if let Some(other) = active.find(|it| variable_name(&it.name) == variable_name(name)) {
        Some(format!("has the variable of {} above", other.name))
    } else if fixed.guess && !fixed.implied {
        Some("a guess".to_owned())
    } else {
        None
    }
}

/// Returns the variables that the project reads the port from. Any one of them will do.
fn own_variables(fixed: &FixedPort) -> Vec<String> {
    // Scripts and Procfiles get `PORT` from the program that runs them.
    let reads_port = matches!(fixed.kind, FileKind::Compose | FileKind::Dotenv);
    let variables = fixed.origin.variables.iter();
    let variables = variables.filter(|it| is_variable_name(it));
    let variables = variables.filter(|it| *it != PORT || reads_port);
    variables.cloned().collect()
}

/// Gives each service one of its variables, unless another one has it, or `env` gives it one of them already.
fn assign_variables(lines: &mut [ServiceLine], wanted: Vec<Vec<String>>) {
    let active = lines.iter().filter(|it| it.is_active);
    let mut taken: BTreeSet<String> = active.map(|it| it.given.clone()).collect();
    let of_port = wanted.iter().flatten().filter(|it| *it == PORT);
    if of_port.count() > 1 {
        taken.insert(PORT.to_owned());
    }
    for (line, variables) in lines.iter_mut().zip(wanted) {
        if variables.contains(&line.given) {
            continue;
        }
        let mut variables = variables.into_iter();
        line.variable = variables.find(|it| taken.insert(it.clone()));
    }
}
