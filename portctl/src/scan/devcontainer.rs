//! Dev containers (the Development Container Specification, "devcontainer.json reference").

use std::collections::BTreeSet;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::lines::LineIndex;
use super::mapping::{self, PortMapping};
use super::walk::ProjectFile;
use super::{FileKind, PortCandidate, PortOrigin, Project, ScanResult, package};

/// "JSON with Comments", as editors read it.
const WITH_COMMENTS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    ..package::STRICT
};

pub(super) fn recognizes(place: &ProjectFile) -> bool {
    let folders: Vec<_> = place.folder().components().rev().take(2).collect();
    let is_in = |level: usize| {
        let folder = folders.get(level);
        folder.is_some_and(|folder| folder.as_os_str() == ".devcontainer")
    };
    match place.name() {
        ".devcontainer.json" => true,
        "devcontainer.json" => place.is_named || is_in(0) || is_in(1),
        _ => false,
    }
}

pub(super) fn scan(project: &Project, scan: &mut ScanResult) {
    for place in project.files(recognizes) {
        let Some(text) = scan.read(place) else {
            continue;
        };
        match parse_to_ast(&text, &CollectOptions::default(), &WITH_COMMENTS) {
            Ok(parsed) => {
                if let Some(Value::Object(container)) = parsed.value {
                    scan_container(&text, &container, place, scan);
                }
            }
            Err(error) => scan.note(place, None, format!("cannot be read as JSON: {error}")),
        }
    }
}

/// A port as it is written, with the host that it is of, if one is named.
struct WrittenPort<'a> {
    text: String,
    host: Option<&'a str>,
    mappings: Option<Vec<PortMapping>>,
    at: usize,
}

fn scan_container(text: &str, container: &Object, place: &ProjectFile, scan: &mut ScanResult) {
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
            let line = lines.at(written.at);
            let Some(mappings) = &written.mappings else {
                let note = format!("{} is not a port", written.text);
                scan.note(place, Some(line), note);
                continue;
            };
            for mapping in mappings {
                if !seen.insert(mapping.host) {
                    continue;
                }
                let found = PortCandidate {
                    service: service(labels, &written, *mapping),
                    port: mapping.host,
                    guess: false,
                    origin: PortOrigin::default(),
                };
                scan.find(place, FileKind::Devcontainer, line, found);
            }
        }
    }
}

/// Those of an array, or the one.
fn values<'a, 'b>(value: &'b Value<'a>) -> &'b [Value<'a>] {
    match value {
        Value::Array(array) => &array.elements,
        value => std::slice::from_ref(value),
    }
}

/// `3000` or `"db:5432"`.
fn forwarded<'a>(value: &'a Value) -> Option<WrittenPort<'a>> {
    let (text, at) = text_of(value)?;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (Some(host), port),
        None => (None, text),
    };
    Some(WrittenPort {
        text: text.to_owned(),
        host: host.filter(|host| !matches!(*host, "localhost" | "127.0.0.1")),
        mappings: mapping::of(port, port, "tcp").ok(),
        at,
    })
}

/// `3000` or `"8080:3000"`.
fn published<'a>(value: &'a Value) -> Option<WrittenPort<'a>> {
    let (text, at) = text_of(value)?;
    let mappings = if matches!(value, Value::NumberLit(_)) {
        mapping::of(text, text, "tcp")
    } else {
        mapping::parse(text)
    };
    Some(WrittenPort {
        text: text.to_owned(),
        host: None,
        mappings: mappings.ok(),
        at,
    })
}

/// `"-p", "8080:80"` and its other forms among the arguments of `docker run`.
fn run_args<'a>(arguments: &'a [Value]) -> Vec<WrittenPort<'a>> {
    let arguments: Vec<(&str, usize)> = arguments.iter().filter_map(text_of).collect();
    let words: Vec<&str> = arguments.iter().map(|(word, _)| *word).collect();
    let published = mapping::published(&words).into_iter();
    let written = published.map(|(number, text)| WrittenPort {
        text: text.to_owned(),
        host: None,
        mappings: mapping::parse(text).ok(),
        at: arguments[number].1,
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

/// The label of a port, or whose it is, or else its number.
fn service(labels: Option<&Object>, written: &WrittenPort, mapping: PortMapping) -> String {
    let number = mapping.container.to_string();
    let label = labels.and_then(|labels| {
        let attributes = labels.get_object(&written.text);
        let attributes = attributes.or_else(|| labels.get_object(&number))?;
        Some(name(&attributes.get_string("label")?.value))
    });
    match (label.filter(|it| !it.is_empty()), written.host) {
        (Some(label), _) => label,
        (None, Some(host)) => host.to_owned(),
        (None, None) => format!("devcontainer-{number}"),
    }
}

/// A label in small letters, with `-` for what is neither a letter nor a digit.
fn name(label: &str) -> String {
    let label = label.to_lowercase();
    let words = label.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}
