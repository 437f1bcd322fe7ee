//! A row of the table of server programs.

/// A server program, or one of its subcommands if they differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    /// Names of the executable, of its Python module, or of its npm package.
    pub(crate) names: &'static [&'static str],
    pub(super) serving: Serving,
    pub(crate) port: PortForm,
    /// The variable that sets the port. `PORT` needs no word on the command line, because `run` always sets it.
    pub(crate) variable: Option<&'static str>,
    pub(crate) when_taken: WhenTaken,
    /// The port without any setting.
    pub(crate) default_port: Option<u16>,
}

/// The command lines of a program that start a server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Serving {
    /// The first positional argument is one of these subcommands.
    Only(&'static [&'static str]),
    /// All but those with one of these subcommands.
    Except(&'static [&'static str]),
    /// One of these words is among the arguments, such as the goals of a build tool.
    Among(&'static [&'static str]),
}

/// The place of the port on the command line. The first of several flags is the one that `run` writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PortForm {
    /// `--port 3000`
    Flag(&'static [&'static str]),
    /// `--port=3000`, and never as two words
    Attached(&'static [&'static str]),
    /// `--bind 127.0.0.1:3000`, with the host that the program listens on by default
    Address(&'static [&'static str], &'static str),
    /// The number itself, or an address that ends with it
    Positional,
    /// Only a variable, or the project's own code, sets the port.
    None,
}

/// The reaction to a port that is in use, when it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenTaken {
    /// The program reports it and ends, or asks on a terminal.
    Fails,
    /// It fails with this flag, and moves to another port without it.
    FailsWith(&'static str),
    /// It moves to another port, and no flag prevents that.
    Moves,
}

/// Programs that read `PORT`, at least in some versions or projects, but are surer to take their port from a flag.
const SOMETIMES_READING_PORT: &[&str] = &[
    "docusaurus",
    "fastapi",
    "gatsby",
    "gunicorn",
    "json-server",
    "live-server",
    "nuxt",
    "parcel",
    "puma",
    "serve",
    "storybook",
    "vue-cli-service",
];

impl Program {
    /// Returns true if `PORT` may set the port.
    pub(crate) fn may_read_port(&self) -> bool {
        let is_listed = |name| SOMETIMES_READING_PORT.contains(name);
        self.variable == Some("PORT") || self.names.iter().any(is_listed)
    }

    /// Returns the words that set the port.
    pub(crate) fn words_for(&self, port: &str) -> Vec<String> {
        match self.port {
            PortForm::Flag([flag, ..]) => vec![(*flag).to_owned(), port.to_owned()],
            PortForm::Attached([flag, ..]) => vec![format!("{flag}={port}")],
            PortForm::Address([flag, ..], host) => {
                vec![(*flag).to_owned(), format!("{host}:{port}")]
            }
            PortForm::Positional => vec![port.to_owned()],
            PortForm::None
            | PortForm::Flag([])
            | PortForm::Attached([])
            | PortForm::Address([], _) => Vec::new(),
        }
    }

    /// Returns the flags that set the port.
    pub(crate) fn flags(&self) -> &'static [&'static str] {
        match self.port {
            PortForm::Flag(flags) | PortForm::Attached(flags) | PortForm::Address(flags, _) => {
                flags
            }
            PortForm::Positional | PortForm::None => &[],
        }
    }
}
