//! The command line of a command, as hints repeat it.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

use port_registry::Port;

use crate::args::{self, PROGRAM};
use crate::output::wording;
use crate::service_name::{LikelyMeaning, meaning_of_word, port_of};

/// A command line without its services and ports, so that a hint can name others.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) command: &'static str,
    /// The command line that changes to the folder of another checkout.
    change_folder: String,
    /// The flags that name the app and the instance.
    names: String,
    /// The other flags.
    flags: String,
    /// The `--` of `portctl run` and the words behind it.
    program: String,
}

/// The meaning of a word in a command line.
#[derive(Debug)]
enum Part {
    Service(String),
    Port(Port),
    ServiceAndPort(String, Port),
}

impl Invocation {
    pub(super) fn new(
        command: &'static str,
        app: Option<&str>,
        instance: Option<&str>,
    ) -> Invocation {
        let flag = |name, value: Option<&str>| value.map(|it| wording::flag(name, it));
        let app = flag("--app", app).unwrap_or_default();
        let instance = flag("--instance", instance).unwrap_or_default();
        Invocation {
            command,
            change_folder: String::new(),
            names: app + &instance,
            flags: String::new(),
            program: String::new(),
        }
    }

    /// Makes all command lines for the checkout of another folder than the current one.
    pub(super) fn in_folder(self, folder: &Path) -> Invocation {
        let folder = folder.to_string_lossy();
        Invocation {
            change_folder: format!("cd {} && ", wording::quoted(&folder)),
            ..self
        }
    }

    /// Adds a switch that is set.
    pub(super) fn with_switch(mut self, name: &str, is_set: bool) -> Invocation {
        if is_set {
            self.flags = format!("{} {name}", self.flags);
        }
        self
    }

    /// Adds a flag that has a value.
    pub(super) fn with_option(mut self, name: &str, value: Option<impl Display>) -> Invocation {
        if let Some(value) = value {
            self.flags += &wording::flag(name, &value.to_string());
        }
        self
    }

    /// Adds the words behind the `--` of `portctl run`.
    pub(super) fn with_program(self, words: &[OsString]) -> Invocation {
        let words = words.iter().map(|it| it.to_string_lossy());
        let words: Vec<String> = words.map(|it| wording::quoted(&it).into_owned()).collect();
        Invocation {
            program: format!(" -- {}", words.join(" ")),
            ..self
        }
    }

    /// Another command, for the same app and instance.
    pub(super) fn of(&self, command: &'static str) -> Invocation {
        Invocation {
            command,
            change_folder: self.change_folder.clone(),
            names: self.names.clone(),
            flags: String::new(),
            program: String::new(),
        }
    }

    /// Takes the other flags and the program of another command line.
    pub(super) fn like(self, other: &Invocation) -> Invocation {
        Invocation {
            flags: other.flags.clone(),
            program: other.program.clone(),
            ..self
        }
    }

    /// The command line for these services or ports.
    pub(super) fn with<T: AsRef<str>>(&self, words: &[T]) -> String {
        let is_port = |it: &&str| self.takes_ports() && port_of(it).is_some();
        let words = words.iter().map(AsRef::as_ref);
        let (ports, services): (Vec<&str>, Vec<&str>) = words.partition(is_port);
        let ports = ports.iter().map(|it| format!(" {}", it.trim()));
        let words = ports.collect::<String>() + &wording::services(&services);
        let Invocation {
            command,
            change_folder,
            names,
            flags,
            program,
        } = self;
        format!("{change_folder}{PROGRAM} {command}{names}{flags}{words}{program}")
    }

    /// The command line for these services, each with its flag.
    pub(super) fn with_flags(&self, services: &[String]) -> String {
        let services = services.iter().map(|it| wording::flag("--service", it));
        format!("{}{}", self.with::<&str>(&[]), services.collect::<String>())
    }

    /// The command line for all these services, or one for each if the command takes only one.
    pub(super) fn with_all<T: AsRef<str>>(&self, services: &[T]) -> String {
        if !args::takes_one_service(self.command) {
            return self.with(services);
        }
        let each = services.iter().map(|it| self.with(&[it]));
        // The exit code of `check` may say no, which is no failure.
        let separator = if self.command == "check" {
            "; "
        } else {
            " && "
        };
        each.collect::<Vec<_>>().join(separator)
    }

    /// The command line that these words were most likely meant to be. Returns `None` if that is not clear.
    pub(super) fn corrected(&self, words: &[String]) -> Option<String> {
        // Another word may be the name of a service, and its parts those of others, which must not be released.
        let is_list = |it: &String| it.contains(',') || meaning_of_word(it).is_none();
        if self.command == "release" && !words.iter().all(|it| is_list(it) || port_of(it).is_some())
        {
            return None;
        }
        let mut parts = parts(words)?;
        if let [Part::Service(name), Part::Port(port)] | [Part::Port(port), Part::Service(name)] =
            &parts[..]
            && self.assigns_ports()
        {
            parts = vec![Part::ServiceAndPort(name.clone(), *port)];
        }
        if !self.takes_ports() && parts.iter().any(|it| matches!(it, Part::Port(_))) {
            return None;
        }
        let names = parts.iter().map(|it| match it {
            Part::Service(name) | Part::ServiceAndPort(name, _) => name.clone(),
            Part::Port(port) => port.to_string(),
        });
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return None;
        }
        let mut lines: Vec<String> = Vec::new();
        let mut rest = Vec::new();
        for part in &parts {
            match part {
                Part::ServiceAndPort(name, port) if self.assigns_ports() => {
                    lines.push(self.with_port(name, *port));
                }
                Part::Service(name) => rest.push(name),
                Part::ServiceAndPort(..) | Part::Port(_) => {}
            }
        }
        if lines.is_empty() || self.command == "run" {
            rest = names.iter().collect();
        }
        if !rest.is_empty() {
            lines.push(self.with_all(&rest));
        }
        Some(lines.join(" && "))
    }

    /// The command line that gives a service this port. `run` does so through `get`.
    pub(super) fn with_port(&self, service: &str, port: Port) -> String {
        let line = match self.command {
            "run" => self.of("get").with(&[service]),
            _ => self.with(&[service]),
        };
        format!("{line} --port {port}")
    }

    pub(super) fn has_switch(&self, name: &str) -> bool {
        self.flags.split(' ').any(|it| it == name)
    }

    /// Returns true if flags name the app or the instance.
    pub(super) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Returns true if a plain number is a port for the command.
    pub(super) fn takes_ports(&self) -> bool {
        args::takes_ports(self.command)
    }

    /// Returns true if the command takes the port that a service is to have.
    fn assigns_ports(&self) -> bool {
        args::assigns_ports(self.command)
    }

    /// Returns true if the command allocates ports.
    pub(super) fn allocates(&self) -> bool {
        args::allocates(self.command)
    }
}

/// Splits words into services and ports. Returns `None` if one of them means something else.
fn parts(words: &[String]) -> Option<Vec<Part>> {
    let mut found = Vec::new();
    for word in words {
        match meaning_of_word(word) {
            None => found.push(Part::Service(word.clone())),
            Some(LikelyMeaning::Port(port)) => found.push(Part::Port(port)),
            Some(LikelyMeaning::ServiceAndPort(name, port)) if meaning_of_word(&name).is_none() => {
                found.push(Part::ServiceAndPort(name, port));
            }
            // Each of them is shorter than the word, so this ends.
            Some(LikelyMeaning::Services(names)) if !names.is_empty() => {
                found.append(&mut parts(&names)?);
            }
            Some(_) => return None,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::Invocation;

    #[test]
    fn words_are_corrected_to_the_command_line_that_is_meant() {
        for (command, words, expected) in [
            (
                "get",
                &["web,api", "db"][..],
                Some("portctl get web api db"),
            ),
            ("get", &["web", "3000"], Some("portctl get web --port 3000")),
            ("get", &["web,3000"], Some("portctl get web --port 3000")),
            (
                "get",
                &["web=3000,api:3001", "db"],
                Some(
                    "portctl get web --port 3000 && portctl get api --port 3001 && portctl get db",
                ),
            ),
            ("get", &["3000"], None),
            ("get", &[":3000,:4000"], None),
            ("get", &["web", "api", "3000"], None),
            ("get", &["::1:3000"], None),
            ("get", &["web,."], None),
            (
                "allocate",
                &["db=5432", "cache"],
                Some("portctl allocate db --port 5432 && portctl allocate cache"),
            ),
            (
                "run",
                &["web=3000", "api"],
                Some("portctl get web --port 3000 && portctl run web api"),
            ),
            (
                "check",
                &["web,api"],
                Some("portctl check web; portctl check api"),
            ),
            ("release", &["web,3000"], Some("portctl release 3000 web")),
            ("env", &["web=3000"], Some("portctl env web")),
            ("move", &["web=3000"], Some("portctl move web --port 3000")),
            ("move", &["localhost:3000"], Some("portctl move 3000")),
            ("release", &["my web"], None),
            ("release", &["a=b", "web"], None),
            ("env", &["3000"], None),
        ] {
            let words: Vec<String> = words.iter().map(|&it| it.to_owned()).collect();
            let line = Invocation::new(command, None, None).corrected(&words);
            assert_eq!(line.as_deref(), expected, "{command} {words:?}");
        }
        let release = Invocation::new("release", Some("shop"), None).with_switch("--dry-run", true);
        let line = release.corrected(&["web,api".to_owned()]);
        assert_eq!(
            line.as_deref(),
            Some("portctl release --app shop --dry-run web api")
        );
    }
}
