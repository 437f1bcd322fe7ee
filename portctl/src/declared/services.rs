//! The table `[services]`.

use port_registry::{Port, ServiceKey, variable_name};
use toml::de::DeValue;

use super::document::{Document, Entry};
use super::variable_name as rules;
use crate::report::Report;
use crate::service_name::likely_meaning;

/// The keys of a service.
pub(super) const KEYS: [&str; 2] = ["port", "env"];

/// The names that references use for something else.
const REFERENCES: [&str; 2] = ["app", "instance"];

/// A service that a project file declares.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeclaredService {
    pub(crate) name: String,
    /// The port that the service should get, if it is available.
    pub(crate) preferred: Option<Port>,
    /// The names of its variables, at least one.
    pub(crate) variables: Vec<String>,
    /// The file names them, so they are not the usual one.
    pub(crate) names_variables: bool,
    pub(crate) line: usize,
    /// The lines of its keys `port` and `env`, or else that of the service.
    pub(super) port_line: usize,
    pub(super) env_line: usize,
}

/// Reads the services.
pub(super) fn read(document: &Document, entries: &[Entry]) -> Result<Vec<DeclaredService>, Report> {
    let mut services: Vec<DeclaredService> = Vec::with_capacity(entries.len());
    for entry in entries {
        let service = service(document, entry)?;
        for other in &services {
            let mut line = service.line;
            let problem = if other.name == service.name {
                format!(
                    "the service {} is on line {} already",
                    service.name, other.line
                )
            } else if other.preferred.is_some() && other.preferred == service.preferred {
                line = service.port_line;
                let port = service.preferred.map(Port::get).unwrap_or_default();
                format!(
                    "{} and {} (line {}) cannot both have port {port}",
                    service.name, other.name, other.port_line
                )
            } else {
                continue;
            };
            let hint = if other.name == service.name {
                "remove one of them"
            } else {
                "give one of them another port, or `{}` for any"
            };
            return Err(document.problem(line, problem).hint(hint));
        }
        services.push(service);
    }
    Ok(services)
}

fn service(document: &Document, entry: &Entry) -> Result<DeclaredService, Report> {
    let line = entry.line;
    let name = name(document, entry)?;
    let usual = || vec![variable_name(&name)];
    let (mut port_line, mut env_line) = (line, line);
    let mut names_variables = false;
    let (preferred, variables) = match entry.value {
        DeValue::Table(table) => {
            let entries = document.entries(table);
            document.check_keys(&entries, &KEYS, &format!(" of the service {name}"))?;
            let of = |key: &str| entries.iter().find(|it| it.key == key);
            if let Some(entry) = of("port") {
                port_line = entry.line;
            }
            let preferred = of("port").map(|it| port(document, it.line, it.value));
            let variables = match of("env") {
                Some(entry) => {
                    env_line = entry.line;
                    names_variables = true;
                    variables(document, entry)?
                }
                None => usual(),
            };
            (preferred.transpose()?, variables)
        }
        value => (Some(port(document, line, value)?), usual()),
    };
    for variable in &variables {
        rules::check(document, env_line, variable)?;
    }
    Ok(DeclaredService {
        name,
        preferred,
        variables,
        names_variables,
        line,
        port_line,
        env_line,
    })
}

/// Tests if a name can be that of a declared service.
pub(crate) fn is_service_name(name: &str) -> bool {
    let is_valid = ServiceKey::new("any", "any", name).is_ok_and(|it| it.service() == name);
    is_valid && !REFERENCES.contains(&name) && likely_meaning(name).is_none()
}

fn name(document: &Document, entry: &Entry) -> Result<String, Report> {
    let (line, key) = (entry.line, entry.key);
    let name = match ServiceKey::new("any", "any", key) {
        Ok(key) => key.service().to_owned(),
        Err(error) => {
            let report = document.problem(line, error.to_string());
            return Err(report.hint("name the service, as in `web = 5173`"));
        }
    };
    if REFERENCES.contains(&&*name) {
        return Err(document
            .problem(line, format!("`{name}` cannot be the name of a service"))
            .hint(format!(
                "choose another name, because `${{{name}}}` is the {name}"
            )));
    }
    if likely_meaning(&name).is_some() {
        return Err(document
            .problem(line, format!("`{name}` is no name of a service"))
            .hint("name a service and its port, as in `web = 5173`"));
    }
    Ok(name)
}

fn port(document: &Document, line: usize, value: &DeValue) -> Result<Port, Report> {
    let (shown, hint) = match value {
        DeValue::Integer(number) => {
            let value = i64::from_str_radix(number.as_str(), number.radix()).ok();
            let value = value.and_then(|it| u16::try_from(it).ok());
            if let Some(port) = value.and_then(|it| Port::new(it).ok()) {
                return Ok(port);
            }
            (
                format!("{number} is no port"),
                "a port is a number from 1 to 65535; `{}` takes any",
            )
        }
        DeValue::String(text) if text.trim().parse::<Port>().is_ok() => (
            format!("the port {} is a text", text.trim()),
            "remove the quotes",
        ),
        value => (
            format!("a port must be a number, not {}", kind(value)),
            "write a port, as in `web = 5173`, or `{}` for any",
        ),
    };
    Err(document.problem(line, shown).hint(hint))
}

fn variables(document: &Document, entry: &Entry) -> Result<Vec<String>, Report> {
    let line = entry.line;
    let mistake = |line| {
        let report = document.problem(
            line,
            "`env` must be the name of a variable, or a list of them",
        );
        report.hint("as in `env = \"API_PORT\"` or `env = [\"DB_PORT\", \"PGPORT\"]`")
    };
    match entry.value {
        DeValue::String(name) => Ok(vec![name.to_string()]),
        DeValue::Array(names) if !names.is_empty() => {
            let names = document.elements(names).map(|(line, name)| {
                let name = name.as_str().map(str::to_owned);
                name.ok_or_else(|| mistake(line))
            });
            names.collect()
        }
        _ => Err(mistake(line)),
    }
}

/// Names the kind of a value.
pub(super) fn kind(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
