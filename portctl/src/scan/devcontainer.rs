//! Dev containers (the Development Container Specification, "devcontainer.json reference").

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::fixed_port::{FileKind, PortCandidate, PortOrigin};
use super::line_index::LineIndex;
use super::package;
use super::port_mapping::{self, PortMapping};
use super::project::Project;
use super::project_file::ProjectFile;
use super::result::ScanResult;

/// "JSON with Comments", with the leniency of editors.
const WITH_COMMENTS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    ..package::STRICT
};

pub(super) fn recognizes(file: &ProjectFile) -> bool {
    let folders: Vec<_> = file.folder().components().rev().take(2).collect();
    let is_in = |level: usize| {
        let folder = folders.get(level);
        folder.is_some_and(|folder| folder.as_os_str() == ".devcontainer")
    };
    match file.name() {
        ".devcontainer.json" => true,
        "devcontainer.json" => file.is_named || is_in(0) || is_in(1),
        _ => false,
    }
}

pub(super) fn scan(project: &Project, result: &mut ScanResult) {
    for file in project.files(recognizes) {
        let Some(text) = result.read(file) else {
            continue;
        };
        match parse_to_ast(&text, &CollectOptions::default(), &WITH_COMMENTS) {
            Ok(parsed) => {
                if let Some(Value::Object(container)) = parsed.value {
                    scan_container(&text, &container, file, result);
                }
            }
            Err(error) => result.note(file, None, format!("cannot be read as JSON: {error}")),
        }
    }
}

/// A port entry, with the host that it names, if any.
struct WrittenPort<'a> {
    text: String,
    host: Option<&'a str>,
    mappings: Option<Vec<PortMapping>>,
    /// Byte offset of the entry.
    offset: usize,
}

fn scan_container(text: &str, container: &Object, file: &ProjectFile, result: &mut ScanResult) {
    let lines = LineIndex::of(text);
    let labels = container.get_object("portsAttributes");
    let mut seen = BTreeSet::new();
    for property in &container.properties {
        let written = match property.name.as_str() {
            "forwardPorts" => values(&property.value)
                .iter()
                .filter_map(forwarded)
                .collect(),
            "appPort" => values(&property.value)
                .iter()
                .filter_map(published)
                .collect(),
            "runArgs" => run_args(values(&property.value)),
            _ => Vec::new(),
        };
        for written in written {
            let line = lines.line_of(written.offset);
            let Some(mappings) = &written.mappings else {
                let note = format!("{} is not a valid port", written.text);
                result.note(file, Some(line), note);
                continue;
            };
            for mapping in mappings {
                if !seen.insert(mapping.host) {
                    continue;
                }
                let candidate = PortCandidate {
                    service: service(labels, &written, *mapping),
                    port: mapping.host,
                    guess: false,
                    implied: false,
                    origin: PortOrigin::default(),
                };
                result.add(file, FileKind::Devcontainer, line, candidate);
            }
        }
    }
}

/// Returns the elements of an array, or a single value.
fn values<'a, 'b>(value: &'b Value<'a>) -> &'b [Value<'a>] {
    match value {
        Value::Array(array) => &array.elements,
        value => std::slice::from_ref(value),
    }
}

/// Reads an entry of `forwardPorts`: `3000` or `"db:5432"`.
fn forwarded<'a>(value: &'a Value) -> Option<WrittenPort<'a>> {
    let (text, offset) = text_of(value)?;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (Some(host), port),
        None => (None, text),
    };
    Some(WrittenPort {
        text: text.to_owned(),
        host: host.filter(|host| !matches!(*host, "localhost" | "127.0.0.1")),
        mappings: port_mapping::of(port, port, "tcp").ok(),
        offset,
    })
}

/// Reads an entry of `appPort`: `3000` or `"8080:3000"`.
fn published<'a>(value: &'a Value) -> Option<WrittenPort<'a>> {
    let (text, offset) = text_of(value)?;
    let mappings = if matches!(value, Value::NumberLit(_)) {
        port_mapping::of(text, text, "tcp")
    } else {
        port_mapping::parse(text)
    };
    Some(WrittenPort {
        text: text.to_owned(),
        host: None,
        mappings: mappings.ok(),
        offset,
    })
}

/// Reads the published ports of `runArgs`, which are arguments of `docker run`.
fn run_args<'a>(arguments: &'a [Value]) -> Vec<WrittenPort<'a>> {
    let arguments: Vec<(&str, usize)> = arguments.iter().filter_map(text_of).collect();
    let words: Vec<&str> = arguments.iter().map(|(word, _)| *word).collect();
    let published = port_mapping::published(&words).into_iter();
    let written = published.map(|(index, text)| WrittenPort {
        text: text.to_owned(),
        host: None,
        mappings: port_mapping::parse(text).ok(),
        offset: arguments[index].1,
    });
    written.collect()
}

fn text_of<'a>(value: &'a Value) -> Option<(&'a str, usize)> {
    match value {
        Value::StringLit(text) => Some((&*text.value, text.start())),
        Value::NumberLit(number) => Some((number.value, number.start())),
        _ => None,
    }
}

/// Names a port by its label, or else by its host, or else by its number.
fn service(labels: Option<&Object>, written: &WrittenPort, mapping: PortMapping) -> String {
    let number = mapping.container.to_string();
    let label = labels.and_then(|labels| {
        let attributes = labels.get_object(&written.text);
        let attributes = attributes.or_else(|| labels.get_object(&number))?;
        Some(service_name(&attributes.get_string("label")?.value))
    });
    match (label.filter(|it| !it.is_empty()), written.host) {
        (Some(label), _) => label,
        (None, Some(host)) => host.to_owned(),
        (None, None) => format!("devcontainer-{number}"),
    }
}

/// Converts a label to a service name: lower case, words joined by `-`.
fn service_name(label: &str) -> String {
    let label = label.to_lowercase();
    let words = label.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}
