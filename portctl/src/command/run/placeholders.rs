//! Placeholders in the arguments of a command: `{port}`, `{NAME.port}` and `{NAME.url}`.

use std::ffi::OsString;

use port_registry::Port;

use crate::suggestion;

/// The values of placeholders.
#[derive(Debug)]
pub(super) struct Values<'a> {
    /// The port that PORT has, if it is set.
    pub(super) own: Option<Port>,
    /// The services of the checkout, and their ports.
    pub(super) services: Vec<(&'a str, Port)>,
}

/// Arguments with their placeholders replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) words: Vec<OsString>,
    /// True if one of them has a `{port}`, which has no value.
    pub(super) wants_port: bool,
    pub(super) notes: Vec<String>,
}

/// A text between braces.
#[derive(Debug, PartialEq, Eq)]
enum Braced {
    /// A placeholder, with its value.
    Value(String),
    /// `{port}`, without a port.
    NoPort,
    /// Nearly a placeholder, as this note tells.
    Misspelled(String),
    Other,
}

const FIELDS: [&str; 2] = ["port", "url"];

/// Limit for the services that a note lists.
const MAX_NAMES: usize = 5;

/// A character before a brace that gives it a meaning for a shell, a template or a format.
const MARKS: [char; 4] = ['{', '$', '#', '%'];

impl Values<'_> {
    /// Replaces the placeholders of known services. Everything else stays byte for byte, because braces mean something to
    /// many programs.
    pub(super) fn fill(&self, words: &[OsString]) -> Filled {
        let mut filled = Filled::default();
        for word in words {
            let text = word.to_str().filter(|it| it.contains('{'));
            let replaced = text.map(|it| OsString::from(self.replace(it, &mut filled)));
            filled.words.push(replaced.unwrap_or_else(|| word.clone()));
        }
        filled
    }

    fn replace(&self, text: &str, filled: &mut Filled) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, behind) = (&rest[..open], &rest[open + 1..]);
            replaced.push_str(before);
            let end = behind.find(['{', '}']);
            let end = end.filter(|&it| behind[it..].starts_with('}'));
            let is_marked = replaced.ends_with(MARKS);
            let inner = end.filter(|&it| !is_marked && !behind[it + 1..].starts_with('}'));
            let braced = inner.map_or(Braced::Other, |end| self.meaning(&behind[..end]));
            match braced {
                Braced::Value(value) => {
                    replaced.push_str(&value);
                    rest = &behind[end.map_or(0, |it| it + 1)..];
                    continue;
                }
                Braced::NoPort => filled.wants_port = true,
                Braced::Misspelled(note) if !filled.notes.contains(&note) => {
                    filled.notes.push(note);
                }
                Braced::Misspelled(_) | Braced::Other => {}
            }
            replaced.push('{');
            rest = behind;
        }
        replaced + rest
    }

    fn meaning(&self, inner: &str) -> Braced {
        if inner == "port" {
            return match self.own {
                Some(port) => Braced::Value(port.to_string()),
                None => Braced::NoPort,
            };
        }
        let Some((name, field)) = inner.rsplit_once('.') else {
            return Braced::Other;
        };
        let mut services = self.services.iter();
        if let Some((_, port)) = services.find(|(service, _)| *service == name) {
            return match field {
                "url" => Braced::Value(port.url()),
                "port" => Braced::Value(port.to_string()),
                _ => unknown_field(name, field),
            };
        }
        if FIELDS.contains(&field) && may_be_service(name) {
            self.unknown_service(name, field)
        } else {
            Braced::Other
        }
    }

    fn unknown_service(&self, name: &str, field: &str) -> Braced {
        let names = self.services.iter().map(|(service, _)| *service);
        let step = match suggestion::closest(name, names) {
            Some(near) => format!("; did you mean {{{near}.{field}}}?"),
            None => self.known(),
        };
        Braced::Misspelled(format!(
            "{{{name}.{field}}} stays as it is, because no service is named {name}{step}"
        ))
    }

    /// Lists the services.
    fn known(&self) -> String {
        let names = self.services.iter().map(|(service, _)| *service);
        let known: Vec<&str> = names.take(MAX_NAMES).collect();
        let others = if self.services.len() > MAX_NAMES {
            " and others"
        } else {
            ""
        };
        format!("; this checkout has {}{others}", known.join(", "))
    }
}

/// Notes a field of a service that does not exist, if it is a word.
fn unknown_field(name: &str, field: &str) -> Braced {
    if field.is_empty() || !field.chars().all(|it| it.is_ascii_alphabetic()) {
        return Braced::Other;
    }
    let step = match suggestion::closest(field, FIELDS) {
        Some(near) => format!("did you mean {{{name}.{near}}}?"),
        None => format!("a service has {{{name}.port}} and {{{name}.url}}"),
    };
    Braced::Misspelled(format!(
        "{{{name}.{field}}} stays as it is, because a service has no {field}; {step}"
    ))
}

/// Tells names of services from texts that mean something to another program.
fn may_be_service(name: &str) -> bool {
    let is_mark = |it: char| matches!(it, '-' | '_' | '.');
    name.starts_with(|it: char| it.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || is_mark(it))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use port_registry::Port;
    use proptest::prelude::*;

    use super::{Filled, Values};

    fn fill(own: Option<u16>, words: &[&str]) -> Filled {
        let port = |number| Port::new(number).unwrap();
        let values = Values {
            own: own.map(port),
            services: vec![
                ("web", port(3001)),
                ("my.api", port(3002)),
                ("a b", port(3003)),
            ],
        };
        values.fill(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn placeholders_of_known_services_are_replaced() {
        for (word, expected) in [
            ("{port}", "3001"),
            ("--port={port}", "--port=3001"),
            ("{port}{port}", "30013001"),
            ("{web.port}:{my.api.port}", "3001:3002"),
            ("{web.url}/health", "http://localhost:3001/health"),
            ("{a b.url}", "http://localhost:3003"),
            ("{ {port}", "{ 3001"),
            ("\u{e9}{port}\u{e9}", "\u{e9}3001\u{e9}"),
        ] {
            let filled = fill(Some(3001), &[word]);
            assert_eq!(filled.words, [expected], "{word}");
            assert!(filled.notes.is_empty() && !filled.wants_port, "{word}");
        }
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        for word in [
            "{}",
            "{",
            "}",
            "{{.Ports}}",
            "{{port}}",
            "{{web.port}}",
            "{ port }",
            "{Port}",
            "{.port}",
            "{ nope.port }",
            "{ .db.port }",
            "{\"a.port\": 1}",
            "{a:b.port}",
            "{$nope.url}",
            "{{nope.url}}",
            "{{ .Values.db.port }}",
            "${nope.url}",
            "{nope.host}",
            "{nope.prt}",
            "{web}",
            "{web.}",
            "{web.0}",
            "{web.port.x}",
            "${port}",
            "${web.port}",
            "#{port}",
            "%{port}",
            "{port",
            "port}",
            "{web.port}}",
            "{\"port\": 1}",
            "{port:>5}",
            "",
        ] {
            let filled = fill(Some(3001), &[word]);
            assert_eq!(
                filled,
                Filled {
                    words: vec![word.into()],
                    ..Filled::default()
                }
            );
        }
    }

    #[test]
    fn placeholder_without_a_value_stays_and_is_told() {
        let filled = fill(None, &["{port}", "{web.port}"]);
        assert_eq!(filled.words, ["{port}", "3001"]);
        assert!(filled.wants_port);
        let filled = fill(None, &["{wbe.url}", "{wbe.url}", "{Web.port}"]);
        assert_eq!(filled.words, ["{wbe.url}", "{wbe.url}", "{Web.port}"]);
        assert_eq!(
            filled.notes,
            [
                "{wbe.url} stays as it is, because no service is named wbe; did you mean {web.url}?",
                "{Web.port} stays as it is, because no service is named Web; did you mean {web.port}?",
            ]
        );
    }

    #[test]
    fn unknown_services_and_fields_stay_and_are_told() {
        for (word, note) in [
            (
                "{redis.port}",
                "{redis.port} stays as it is, because no service is named redis; this checkout has web, my.api, a b",
            ),
            (
                "x={nope.url}/",
                "{nope.url} stays as it is, because no service is named nope; this checkout has web, my.api, a b",
            ),
            (
                "{web.prt}",
                "{web.prt} stays as it is, because a service has no prt; did you mean {web.port}?",
            ),
            (
                "{web.host}",
                "{web.host} stays as it is, because a service has no host; a service has {web.port} and {web.url}",
            ),
        ] {
            let filled = fill(Some(3001), &[word, word]);
            assert_eq!(filled.words, [word, word]);
            assert_eq!(filled.notes, [note]);
        }
    }

    #[test]
    fn notes_list_few_of_many_services() {
        let port = Port::new(3001).unwrap();
        let names = ["a1", "b1", "c1", "d1", "e1", "f1"];
        let values = Values {
            own: None,
            services: names.map(|it| (it, port)).to_vec(),
        };
        let notes = values.fill(&["{nope.port}".into()]).notes;
        assert!(
            notes[0].ends_with("; this checkout has a1, b1, c1, d1, e1 and others"),
            "{notes:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn argument_that_is_not_utf8_stays() {
        use std::os::unix::ffi::OsStringExt;
        let word = OsString::from_vec(b"\xff{port}".to_vec());
        let values = Values {
            own: Port::new(3001).ok(),
            services: Vec::new(),
        };
        assert_eq!(values.fill(std::slice::from_ref(&word)).words, [word]);
    }

    proptest! {
        #[test]
        fn argument_without_a_field_of_a_service_stays(word in "[{}$.a-z ]{0,20}") {
            prop_assume!(!word.contains("port}") && !word.contains("url}"));
            let filled = fill(Some(3001), &[&word]);
            prop_assert_eq!(filled.words, [OsString::from(&word)]);
        }
    }
}
