//! The command line of `port-registry`.

use std::ffi::OsString;
use std::path::PathBuf;

use argh::{ArgsInfo, EarlyExit, FlagInfoKind, FromArgs};
use port_registry::daemon::{AllowedUsers, DAEMON_PORT, default_pidfile};
use port_registry::{Builder, Error, PortRange};

use crate::daemon::{Config, DaemonError};
use crate::host_names::HostNames;
use crate::raw_argument;

/// The name of the program, as its help shows it.
const PROGRAM: &str = "port-registry";

/// The meaning of a command line.
#[derive(Debug)]
pub enum DaemonCommand {
    /// Run the daemon.
    Run(DaemonArgs),
    /// Print a text: the help or the version.
    Print(String),
    /// Report a usage error.
    Reject(String),
}

/// Serve the port registry over HTTP on the loopback addresses and on a Unix socket, in the foreground, until SIGTERM or SIGINT.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    help_triggers("-h", "--help", "help"),
    note = "It logs to standard error, unless --log is given. GET / is a page for a\n\
            browser, and GET /openapi.json describes the API.\n\n\
            On Linux it serves only the user who runs it and root, unless --allow-users\n\
            names others. Elsewhere it cannot tell, and its port is open to every user of\n\
            the machine. Its Unix socket is open to its own user alone; it is beside the\n\
            pidfile, ~/.port-registry/port-registry.sock by default, and can be mounted\n\
            into containers.\n\n\
            Environment:\n  \
            PORT_REGISTRY_DB     the registry's file, unless --db is given\n  \
            PORT_REGISTRY_RANGE  the ports to choose from, unless --range is given",
    example = "{command_name} --port 8123 --db ~/test/ports.redb --pidfile ~/test/ports.pid",
    error_code(0, "the daemon stopped at a signal"),
    error_code(1, "the daemon could not start, or failed"),
    error_code(2, "the command line is wrong")
)]
pub struct DaemonArgs {
    /// the port to listen on, 0 for any available port (51234)
    #[argh(option, default = "DAEMON_PORT", from_str_fn(listening_port))]
    port: u16,

    /// the registry's file (~/.port-registry/ports.redb)
    #[argh(option, from_str_fn(path))]
    db: Option<PathBuf>,

    /// the file for the process id; only one daemon runs for each
    /// (~/.port-registry/port-registry.pid)
    #[argh(option, from_str_fn(path))]
    pidfile: Option<PathBuf>,

    /// the ports to choose from, such as 3000-3999 (1-65535)
    #[argh(option)]
    range: Option<PortRange>,

    /// the log's file, in place of standard error; renamed to FILE.old when it has 5 MiB
    #[argh(option, from_str_fn(path), arg_name = "file")]
    log: Option<PathBuf>,

    /// other users to serve, by name or number, separated by commas, or `all`
    /// (none)
    #[argh(option, default = "AllowedUsers::default()", arg_name = "users")]
    allow_users: AllowedUsers,

    /// also answer to the host names host.docker.internal and
    /// host.containers.internal
    #[argh(switch)]
    container: bool,

    /// show the version
    #[argh(switch, short = 'V')]
    version: bool,
}

impl DaemonArgs {
    /// Makes the configuration. Options that are not given come from the environment or have defaults.
    ///
    /// # Errors
    ///
    /// [`DaemonError::Registry`] if an environment variable is malformed, and [`DaemonError::NoHome`] if
    /// there is no default place for the pidfile.
    pub fn into_config(self) -> Result<Config, DaemonError> {
        let mut registry = Builder::from_env()?;
        if let Some(db) = self.db {
            registry = registry.with_path(db);
        }
        if let Some(range) = self.range {
            registry = registry.with_range(range);
        }
        let pidfile = match self.pidfile {
            Some(pidfile) => std::path::absolute(pidfile)?,
            None => match default_pidfile() {
                Err(Error::NoHome) => return Err(DaemonError::NoHome),
                pidfile => pidfile?,
            },
        };
        let log = self.log.map(std::path::absolute).transpose()?;
        Ok(Config {
            port: self.port,
            pidfile,
            registry,
            log,
            users: self.allow_users,
            hosts: if self.container {
                HostNames::LoopbackAndContainers
            } else {
                HostNames::Loopback
            },
        })
    }
}

/// Parses the words after the program's name.
pub fn parse(words: impl Iterator<Item = OsString>) -> DaemonCommand {
    let words: Vec<String> = words.map(|word| raw_argument::encode(&word)).collect();
    // argh would take the next flag for the value. A path that begins with dashes is given as `--db=--x`.
    let mut pairs = words.windows(2);
    if let Some([flag, _]) = pairs.find(|pair| takes_value(&pair[0]) && pair[1].starts_with("--")) {
        return DaemonCommand::Reject(format!("no value provided for option '{flag}'"));
    }
    // argh knows only `--flag value`.
    let words: Vec<&str> = words
        .iter()
        .flat_map(|word| match word.split_once('=') {
            Some((flag, value)) if takes_value(flag) => vec![flag, value],
            _ => vec![word.as_str()],
        })
        .collect();
    match DaemonArgs::from_args(&[PROGRAM], &words) {
        Ok(args) if args.version => {
            DaemonCommand::Print(format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION")))
        }
        Ok(args) => DaemonCommand::Run(args),
        Err(EarlyExit {
            output,
            status: Ok(()),
        }) => DaemonCommand::Print(output),
        // Only paths need not be UTF-8.
        Err(_) if words.iter().any(|word| raw_argument::is_encoded(word)) => {
            DaemonCommand::Reject("an argument is not UTF-8".to_owned())
        }
        Err(EarlyExit { output, .. }) => DaemonCommand::Reject(uncapitalize(&output)),
    }
}

fn listening_port(text: &str) -> Result<u16, String> {
    text.parse()
        .map_err(|_| "a port to listen on is a whole number from 0 to 65535".to_owned())
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("a path is missing".to_owned());
    }
    let path = raw_argument::decode(text).ok_or("the path is not UTF-8")?;
    Ok(PathBuf::from(path))
}

/// Reformats argh's message to match ours, which begin in lower case.
fn uncapitalize(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Tests if `word` is a flag that takes a value.
fn takes_value(word: &str) -> bool {
    let info = DaemonArgs::get_args_info();
    let mut flags = info.flags.iter();
    flags.any(|flag| flag.long == word && matches!(flag.kind, FlagInfoKind::Option { .. }))
}
