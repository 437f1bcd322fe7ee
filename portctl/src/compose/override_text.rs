//! The override that changes a Compose project without a change of its files.

use std::fmt::Write as _;

use serde_json::Value;

use super::model::ModelPort;

/// An additional Compose file, which Compose merges into the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Override {
    pub(crate) project_name: Option<String>,
    pub(crate) services: Vec<OverriddenService>,
}

/// A service with the parts that the override replaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OverriddenService {
    pub(crate) name: String,
    /// All entries of `ports`, also those that stay as they are. `None` leaves `ports` alone.
    pub(crate) ports: Option<Vec<ModelPort>>,
    pub(crate) resets_container_name: bool,
}

impl Override {
    /// Returns true if the project is to stay as it is.
    pub(crate) fn is_empty(&self) -> bool {
        self.project_name.is_none() && !self.has_services()
    }

    /// Returns true if services change. The name alone can be a variable.
    pub(crate) fn has_services(&self) -> bool {
        self.changed().next().is_some()
    }

    /// Writes the Compose file. Needs Compose 2.24.4, because of the tags.
    pub(crate) fn to_yaml(&self) -> String {
        let mut yaml = String::new();
        if let Some(name) = &self.project_name {
            let _ = writeln!(yaml, "name: {}", value(name));
        }
        let mut services = self.changed().peekable();
        if services.peek().is_some() {
            yaml.push_str("services:\n");
        }
        for service in services {
            let _ = writeln!(yaml, "  {}:", quoted(&service.name));
            if service.resets_container_name {
                yaml.push_str("    container_name: !reset null\n");
            }
            if let Some(ports) = &service.ports {
                yaml.push_str("    ports: !override\n");
                for port in ports {
                    let fields = port.fields.iter();
                    let fields = fields.map(|(key, it)| format!("{}: {}", quoted(key), node(it)));
                    let fields: Vec<String> = fields.collect();
                    let _ = writeln!(yaml, "      - {{{}}}", fields.join(", "));
                }
            }
        }
        yaml
    }

    fn changed(&self) -> impl Iterator<Item = &OverriddenService> {
        let mut services = self.services.iter();
        std::iter::from_fn(move || {
            services.find(|it| it.resets_container_name || it.ports.is_some())
        })
    }
}

/// Writes a value of an entry on one line, as YAML takes it from JSON.
fn node(it: &Value) -> String {
    match it {
        Value::Null | Value::Bool(_) | Value::Number(_) => it.to_string(),
        Value::String(text) => value(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(node).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(key, it)| format!("{}: {}", quoted(key), node(it)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Quotes a text that Compose interpolates: values, but not keys.
fn value(text: &str) -> String {
    quoted(&text.replace('$', "$$"))
}

/// Quotes a text. Control characters, which YAML refuses, and all that may look like others are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            ' '..='~' => write!(quoted, "{c}"),
            '\u{0}'..='\u{ff}' => write!(quoted, "\\x{:02x}", u32::from(c)),
            '\u{100}'..='\u{ffff}' => write!(quoted, "\\u{:04x}", u32::from(c)),
            _ => write!(quoted, "\\U{:08x}", u32::from(c)),
        };
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{OverriddenService, Override, node, quoted};
    use crate::compose::model::ModelPort;

    #[test]
    fn override_names_what_changes_and_nothing_else() {
        let ports = vec![
            ModelPort::new(5432, "3000", Some("127.0.0.1"), "tcp"),
            ModelPort::new(53, "", None, "udp"),
        ];
        let changes = Override {
            project_name: Some("shop-cart".to_owned()),
            services: vec![
                OverriddenService {
                    name: "db".to_owned(),
                    ports: Some(ports),
                    resets_container_name: true,
                },
                OverriddenService {
                    name: "web".to_owned(),
                    ..OverriddenService::default()
                },
            ],
        };
        let expected = r#"name: "shop-cart"
services:
  "db":
    container_name: !reset null
    ports: !override
      - {"host_ip": "127.0.0.1", "mode": "ingress", "protocol": "tcp", "published": "3000", "target": 5432}
      - {"mode": "ingress", "protocol": "udp", "target": 53}
"#;
        assert_eq!(changes.to_yaml(), expected);
        assert!(!changes.is_empty());
    }

    #[test]
    fn override_without_changes_is_empty() {
        let unchanged = Override {
            project_name: None,
            services: vec![OverriddenService {
                name: "web".to_owned(),
                ..OverriddenService::default()
            }],
        };
        assert!(unchanged.is_empty());
        assert_eq!(unchanged.to_yaml(), "");
    }

    #[test]
    fn every_text_stays_on_its_line_and_keeps_its_value() {
        for (text, expected) in [
            ("db", r#""db""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("a: b #c", r#""a: b #c""#),
            ("\n\r\t\u{0}\u{7f}\u{85}", r#""\x0a\x0d\x09\x00\x7f\x85""#),
            ("caf\u{e9} \u{202e}\u{feff}", r#""caf\xe9 \u202e\ufeff""#),
            ("\u{1f600}", r#""\U0001f600""#),
        ] {
            assert_eq!(quoted(text), expected);
            let read: String = serde_saphyr::from_str(expected).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn dollars_are_doubled_in_values_alone() {
        let entry = json!({"$a": ["$b", 1, null, true], "c": {"d": "${e}"}});
        assert_eq!(
            node(&entry),
            r#"{"$a": ["$$b", 1, null, true], "c": {"d": "$${e}"}}"#
        );
    }
}
