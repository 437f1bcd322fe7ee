//! What can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use argh::{ArgsInfo, EarlyExit, FlagInfoKind, FromArgs};
use port_registry::daemon::default_pidfile;
use port_registry::{Builder, DAEMON_PORT, Error, PortRange};

use crate::daemon::{Config, Failure};

/// The name of the program, as its help shows it.
const PROGRAM: &str = "port-registry";

/// What a command line came to.
#[derive(Debug)]
pub enum Parsed {
    /// The daemon is to run.
    Run(PortRegistry),
    /// A text was asked for: the help, or the version.
    Text(String),
    /// What is wrong with the command line.
    Usage(String),
}

/// Serve the port registry over HTTP on 127.0.0.1, in the foreground, until SIGTERM or SIGINT.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    help_triggers("-h", "--help", "help"),
    note = "It logs to standard error. GET /openapi.json describes the API.\n\n\
            Environment:\n  \
            PORT_REGISTRY_DB     the registry's file, unless --db names one\n  \
            PORT_REGISTRY_RANGE  the ports to choose from, unless --range names some",
    example = "{command_name} --port 8123 --db /tmp/ports.redb --pidfile /tmp/ports.pid",
    error_code(0, "it was told to stop, and did"),
    error_code(1, "it could not start, or failed"),
    error_code(2, "the command line is wrong")
)]
pub struct PortRegistry {
    /// the port to listen on, 0 for any that is free (51234)
    #[argh(option, default = "DAEMON_PORT", from_str_fn(listening_port))]
    port: u16,

    /// the registry's file (~/.port-registry/ports.redb)
    #[argh(option, from_str_fn(path))]
    db: Option<PathBuf>,

    /// where to note the process; only one daemon runs for each
    /// (~/.port-registry/port-registry.pid)
    #[argh(option, from_str_fn(path))]
    pidfile: Option<PathBuf>,

    /// the ports to choose from, such as 3000-3999 (1-65535)
    #[argh(option)]
    range: Option<PortRange>,

    /// show the version
    #[argh(switch, short = 'V')]
    version: bool,
}

fn listening_port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| "a port to listen on is a whole number from 0 to 65535".to_owned())
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("a path is missing".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// Makes a configuration of the words after the program's name.
pub fn parse(words: impl Iterator<Item = OsString>) -> Parsed {
    let Ok(words) = words
        .map(OsString::into_string)
        .collect::<Result<Vec<_>, _>>()
    else {
        return Parsed::Usage("an argument is not UTF-8".to_owned());
    };
    // The parser would take the next flag for the value. A path that begins like one is given by `=`.
    let mut pairs = words.windows(2);
    if let Some([flag, _]) = pairs.find(|pair| takes_value(&pair[0]) && pair[1].starts_with("--")) {
        return Parsed::Usage(format!("no value provided for option '{flag}'"));
    }
    // It takes `--flag value` only.
    let words: Vec<&str> = words
        .iter()
        .flat_map(|word| match word.split_once('=') {
            Some((flag, value)) if takes_value(flag) => vec![flag, value],
            _ => vec![word.as_str()],
        })
        .collect();
    match PortRegistry::from_args(&[PROGRAM], &words) {
        Ok(args) if args.version => {
            Parsed::Text(format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION")))
        }
        Ok(args) => Parsed::Run(args),
        Err(EarlyExit {
            output,
            status: Ok(()),
        }) => Parsed::Text(output),
        Err(EarlyExit { output, .. }) => Parsed::Usage(uncapitalized(&output)),
    }
}

/// The parser's message, put like ours.
fn uncapitalized(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Whether this is a flag that takes a value.
fn takes_value(word: &str) -> bool {
    let info = PortRegistry::get_args_info();
    let mut flags = info.flags.iter();
    flags.any(|it| it.long == word && matches!(it.kind, FlagInfoKind::Option { .. }))
}

impl PortRegistry {
    /// What was typed, completed by the environment and by what is usual.
    pub fn config(self) -> Result<Config, Failure> {
        let mut registry = Builder::from_env()?;
        if let Some(db) = self.db {
            registry = registry.path(db);
        }
        if let Some(range) = self.range {
            registry = registry.range(range);
        }
        let pidfile = match self.pidfile {
            Some(pidfile) => std::path::absolute(pidfile)?,
            None => match default_pidfile() {
                Err(Error::NoHome) => return Err(Failure::NoHome),
                pidfile => pidfile?,
            },
        };
        Ok(Config {
            port: self.port,
            pidfile,
            registry,
        })
    }
}
