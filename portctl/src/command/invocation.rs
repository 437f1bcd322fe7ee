//! The command line of a command, as hints repeat it.

use std::ffi::OsString;

use port_registry::Port;

use crate::args::PROGRAM;
use crate::output::wording;

/// A command line without its services and ports, so that a hint can name others.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) command: &'static str,
    /// The flags that name the app and the instance.
    flags: String,
    /// The `--` of `portctl run` and the words behind it.
    program: String,
}

impl Invocation {
    pub(super) fn new(
        command: &'static str,
        app: Option<&str>,
        instance: Option<&str>,
    ) -> Invocation {
        let flag = |name, value| wording::flag(name, value);
        let app = app.map(|it| flag("--app", it)).unwrap_or_default();
        let instance = instance.map(|it| flag("--instance", it));
        Invocation {
            command,
            flags: app + &instance.unwrap_or_default(),
            program: String::new(),
        }
    }

    /// Another command, for the same app and instance.
    pub(super) fn of(&self, command: &'static str) -> Invocation {
        Invocation {
            command,
            flags: self.flags.clone(),
            program: String::new(),
        }
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

    /// The command line for these services or ports.
    pub(super) fn with<T: AsRef<str>>(&self, words: &[T]) -> String {
        let is_port = |it: &&str| self.takes_ports() && it.parse::<Port>().is_ok();
        let words = words.iter().map(AsRef::as_ref);
        let (ports, services): (Vec<&str>, Vec<&str>) = words.partition(is_port);
        let ports = ports.iter().map(|it| format!(" {}", it.trim()));
        let words = ports.collect::<String>() + &wording::services(&services);
        let Invocation {
            command,
            flags,
            program,
        } = self;
        format!("{PROGRAM} {command}{flags}{words}{program}")
    }

    /// The command line for all these services, or one for each if the command takes only one.
    pub(super) fn with_all(&self, services: &[String]) -> String {
        if !matches!(self.command, "allocate" | "check") {
            return self.with(services);
        }
        let lines: Vec<String> = services.iter().map(|it| self.with(&[it])).collect();
        lines.join(" && ")
    }

    /// Returns true if flags name the app or the instance.
    pub(super) fn has_flags(&self) -> bool {
        !self.flags.is_empty()
    }

    /// Returns true if a plain number is a port for the command.
    fn takes_ports(&self) -> bool {
        matches!(self.command, "check" | "list" | "release")
    }

    /// Returns true if the command allocates ports.
    pub(super) fn allocates(&self) -> bool {
        matches!(self.command, "get" | "allocate" | "run")
    }

    /// The command line that gives a service this port, if the command allocates ports. `run` does so through `get`.
    pub(super) fn with_port(&self, service: &str, port: Port) -> String {
        let line = self.with(&[service]);
        match self.command {
            "get" | "allocate" => format!("{line} --port {port}"),
            "run" => format!("{} && {line}", self.of("get").with_port(service, port)),
            _ => line,
        }
    }
}
