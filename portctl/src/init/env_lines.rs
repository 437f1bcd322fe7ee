//! Lines of env files that mention ports of this machine.

use std::path::Path;

use super::toml_text::{beside, quoted};
use crate::declared::is_variable_name;
use crate::env_file::{EnvText, mentioned_ports, read_small};

/// A variable whose value is a URL with a port of this machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EnvLine {
    name: String,
    scheme: String,
    pub(super) port: u16,
    file: &'static str,
    line: usize,
}

impl EnvLine {
    /// An example that computes the variable. Only the scheme of the value is shown, because an env file has secrets, and
    /// the project file is committed.
    pub(super) fn text(&self, service: &str) -> String {
        let EnvLine { name, scheme, .. } = self;
        let value = quoted(&format!("{scheme}://localhost:${{{service}.port}}"));
        let place = format!("{}:{}, without its other parts", self.file, self.line);
        beside(&format!("# {name} = {value}"), &place)
    }
}

/// Finds such lines in these files at a root. A file that cannot be read has none.
pub(crate) fn env_lines(root: &Path, files: &[&'static str]) -> Vec<EnvLine> {
    let mut lines: Vec<EnvLine> = Vec::new();
    for file in files {
        let text = read_small(&root.join(file)).unwrap_or_default();
        let Ok(text) = EnvText::parse(&text) else {
            continue;
        };
        for assignment in text.assignments() {
            let value = String::from_utf8_lossy(&assignment.value).into_owned();
            let (Some(scheme), [port]) = (scheme_of(&value), &mentioned_ports(&assignment)[..])
            else {
                continue;
            };
            let name = assignment.name;
            if is_variable_name(&name) && lines.iter().all(|it| it.name != name) {
                lines.push(EnvLine {
                    name,
                    scheme: scheme.to_owned(),
                    port: *port,
                    file,
                    line: assignment.line,
                });
            }
        }
    }
    lines
}

/// Returns the scheme of a URL.
fn scheme_of(value: &str) -> Option<&str> {
    let (scheme, _) = value.split_once("://")?;
    let scheme = scheme.trim_start_matches(['"', '\'', '`']);
    let is_scheme = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
    let is_valid = scheme.starts_with(|it: char| it.is_ascii_alphabetic()) && scheme.len() <= 30;
    (is_valid && scheme.chars().all(is_scheme)).then_some(scheme)
}
