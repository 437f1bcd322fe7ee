//! Ports that a command line sets itself.

use port_registry::Port;

use super::arguments::before_dashes;
use super::program::{PortForm, Program};

/// A port that a command line sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortSetting<'a> {
    /// The port, unless it is another text, such as `$PORT` or a socket.
    pub(crate) port: Option<Port>,
    pub(crate) text: &'a str,
}

impl<'a> PortSetting<'a> {
    pub(crate) fn of(text: &'a str) -> PortSetting<'a> {
        let number = text.rsplit(':').next().unwrap_or(text);
        let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
        let port = number.parse().ok().filter(|_| is_number);
        PortSetting {
            port: port.and_then(|port| Port::new(port).ok()),
            text,
        }
    }
}

/// Returns the port that the arguments of a program set.
pub(crate) fn port_setting<'a>(
    program: &Program,
    arguments: &[&'a str],
) -> Option<PortSetting<'a>> {
    let arguments = before_dashes(arguments);
    if matches!(program.port, PortForm::Positional) {
        return positional(arguments);
    }
    let in_flag = |at: usize| {
        let next = arguments.get(at + 1).copied();
        let value_of = |flag: &&str| flag_value(flag, arguments[at], next);
        program.flags().iter().find_map(value_of)
    };
    let values = (0..arguments.len()).find_map(in_flag);
    values.map(PortSetting::of)
}

/// Returns the value of a flag, if this word is the flag.
fn flag_value<'a>(flag: &str, word: &'a str, next: Option<&'a str>) -> Option<&'a str> {
    let rest = word.strip_prefix(flag)?;
    if rest.is_empty() {
        return Some(next.unwrap_or_default());
    }
    if let Some(value) = rest.strip_prefix('=') {
        return Some(value);
    }
    // `-p3000`, but neither `-path` nor `--portable`.
    let is_attached =
        !flag.starts_with("--") && rest.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    is_attached.then_some(rest)
}

/// The flags with a value of the programs that take a positional port: Django's runserver and Python's http.server.
const WITH_VALUE: &[&str] = &[
    "--bind",
    "--directory",
    "--protocol",
    "--pythonpath",
    "--settings",
    "--verbosity",
    "-b",
    "-d",
    "-p",
    "-v",
];

/// Returns a port or an address among the positional arguments.
fn positional<'a>(arguments: &[&'a str]) -> Option<PortSetting<'a>> {
    let is_port = |at: &usize| {
        let word = arguments[*at];
        let before = at.checked_sub(1).map(|before| arguments[before]);
        let is_value = before.is_some_and(|flag| WITH_VALUE.contains(&flag));
        let is_address = PortSetting::of(word).port.is_some();
        !word.starts_with('-') && !is_value && (is_address || word.contains('$'))
    };
    let found = (0..arguments.len()).find(is_port);
    found.map(|at| PortSetting::of(arguments[at]))
}

#[cfg(test)]
mod tests {
    use port_registry::Port;

    use super::super::table::serving_program;
    use super::port_setting;

    #[test]
    fn every_form_of_a_port_is_found() {
        for (line, text) in [
            ("vite --port 4000", Some("4000")),
            ("vite --port=4000 --host", Some("4000")),
            ("vite -p 4000", None),
            ("vite --portable 4000", None),
            ("vite -- --port 4000", None),
            ("vite --port", Some("")),
            ("vite --port $PORT", Some("$PORT")),
            ("next dev -p 4000", Some("4000")),
            ("next dev -p4000", Some("4000")),
            ("next dev -p=4000", Some("4000")),
            (
                "serve -l tcp://0.0.0.0:4000 dist",
                Some("tcp://0.0.0.0:4000"),
            ),
            ("gunicorn -b :4000 shop.wsgi", Some(":4000")),
            ("gunicorn -b unix:/tmp/s shop.wsgi", Some("unix:/tmp/s")),
            ("php -S localhost:4000 -t public", Some("localhost:4000")),
            ("manage.py runserver", None),
            ("manage.py runserver 4000", Some("4000")),
            (
                "manage.py runserver --noreload [::1]:4000",
                Some("[::1]:4000"),
            ),
            ("manage.py runserver -v 2 --settings shop", None),
            ("manage.py runserver --verbosity 2 4000", Some("4000")),
            ("http.server --directory 8080 4000", Some("4000")),
            ("http.server 4000 --bind ::1", Some("4000")),
            ("http.server --bind 127.0.0.1 --directory .", None),
            ("streamlit run app.py --server.port=4000", Some("4000")),
            ("wrangler dev --inspector-port 9230", None),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            let program = serving_program(words[0], &words[1..]).unwrap();
            let found = port_setting(program, &words[1..]);
            assert_eq!(found.map(|it| it.text), text, "{line}");
            let is_port = text.is_some_and(|it| it.ends_with("4000"));
            let port = found.and_then(|it| it.port).map(Port::get);
            assert_eq!(port, is_port.then_some(4000), "{line}");
        }
    }
}
