//! What can be typed. The actions are in [`command`](crate::command).

use std::ffi::OsString;

use argh::{EarlyExit, FromArgs};
use port_registry::{AllocationId, Port};

/// The name of the program, as help texts show it.
const PROGRAM: &str = "portctl";

/// What a command line came to.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Something to do.
    Command(Command),
    /// A help text, or the version, that was asked for.
    Help(String),
    /// What is wrong with the command line.
    Usage(String),
}

/// Makes a command of the words after the program's name.
pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Parsed {
    let words = match words
        .map(OsString::into_string)
        .collect::<Result<Vec<_>, _>>()
    {
        Ok(words) => split_assignments(words),
        Err(word) => {
            let problem = format!("the argument {} is not UTF-8", word.display());
            return Parsed::Usage(problem);
        }
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.is_empty() {
        return match Portctl::from_args(&[PROGRAM], &["--help"]) {
            Err(help) => Parsed::Usage(help.output),
            Ok(_) => Parsed::Usage("a command is missing".to_owned()),
        };
    }
    match Portctl::from_args(&[PROGRAM], &words) {
        Ok(Portctl { version: true, .. }) => {
            Parsed::Command(Command::Version(Version { json: false }))
        }
        Ok(Portctl {
            command: Some(command),
            ..
        }) => Parsed::Command(command),
        Ok(Portctl { command: None, .. }) => Parsed::Usage("a command is missing".to_owned()),
        Err(EarlyExit {
            output,
            status: Ok(()),
        }) => Parsed::Help(output),
        Err(EarlyExit { output, .. }) => Parsed::Usage(output),
    }
}

/// Splits `--flag=value` in two, which the parser would not, up to a `--`.
fn split_assignments(words: Vec<String>) -> Vec<String> {
    let mut split = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    for word in words.by_ref() {
        match word.split_once('=') {
            Some((flag, value)) if flag.len() > 2 && flag.starts_with("--") => {
                split.extend([flag.to_owned(), value.to_owned()]);
            }
            _ => {
                let is_end_of_flags = word == "--";
                split.push(word);
                if is_end_of_flags {
                    break;
                }
            }
        }
    }
    split.extend(words);
    split
}

/// Gives every service of every checkout on this machine a TCP port of its own, and remembers it.
#[derive(Debug, FromArgs)]
#[argh(
    help_triggers("-h", "--help", "help"),
    note = "The app and the instance default to what git says of the current folder: the\n\
            repository's name, and the linked worktree's folder name or else the branch\n\
            (`detached-` and the commit on a detached HEAD). Outside of git they are the\n\
            folder's name and `default`.\n\n\
            Environment:\n  \
            PORT_REGISTRY_DB     the registry's file (~/.port-registry/ports.redb)\n  \
            PORT_REGISTRY_RANGE  the ports to choose from, such as 3000-3999 (1-65535)",
    example = "PORT=$({command_name} get web)",
    error_code(0, "done"),
    error_code(1, "it failed, or the answer is no"),
    error_code(2, "the command line is wrong")
)]
pub(crate) struct Portctl {
    /// show the version
    #[argh(switch, short = 'V')]
    version: bool,

    #[argh(subcommand)]
    command: Option<Command>,
}

/// The commands.
#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub(crate) enum Command {
    /// See [`Allocate`].
    Allocate(Allocate),
    /// See [`Get`].
    Get(Get),
    /// See [`Release`].
    Release(Release),
    /// See [`List`].
    List(List),
    /// See [`Check`].
    Check(Check),
    /// See [`Version`].
    Version(Version),
}

/// Allocate a port to a service that has none: the best free one, or the one you name. It fails if
/// the service has a port; `portctl get` does not.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "allocate",
    help_triggers("-h", "--help", "help"),
    example = "{command_name} --service web\n{command_name} --service postgres --port 5432"
)]
pub(crate) struct Allocate {
    /// the service's name
    #[argh(option)]
    pub(crate) service: String,

    /// this port and no other
    #[argh(option)]
    pub(crate) port: Option<Port>,

    /// take the named port even if something listens on it: the service runs already
    #[argh(switch)]
    pub(crate) adopt: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the allocation as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Print the port of each service, one a line, allocating those that are missing.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "get",
    help_triggers("-h", "--help", "help"),
    example = "PORT=$({command_name} web)\n{command_name} web api postgres"
)]
pub(crate) struct Get {
    /// the services' names
    #[argh(positional, arg_name = "service")]
    pub(crate) services: Vec<String>,

    /// this port and no other, for a single service
    #[argh(option)]
    pub(crate) port: Option<Port>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the allocations as a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Release ports. Without flags: those of this app and this instance.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "release",
    help_triggers("-h", "--help", "help"),
    note = "All that is named has to match. With an app alone it is that app's ports of all instances;\nwith --id, whoever holds it.",
    example = "{command_name} --service web\n{command_name} --id 7"
)]
pub(crate) struct Release {
    /// the allocation with this number, as `portctl list` shows it
    #[argh(option)]
    pub(crate) id: Option<AllocationId>,

    /// no others than this service's
    #[argh(option)]
    pub(crate) service: Option<String>,

    /// no other than this port, if this app and instance hold it
    #[argh(option)]
    pub(crate) port: Option<Port>,

    /// this app's, instead of the detected one's
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// this instance's, instead of the detected one's
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print what was released as a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}

/// List allocations. Without flags: those of this app and this instance.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "list",
    help_triggers("-h", "--help", "help"),
    note = "An app that is named is not narrowed to the detected instance.",
    example = "{command_name}\n{command_name} --all --service postgres"
)]
pub(crate) struct List {
    /// list those of all apps and instances
    #[argh(switch)]
    pub(crate) all: bool,

    /// no others than this service's
    #[argh(option)]
    pub(crate) service: Option<String>,

    /// this app's, instead of the detected one's
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// this instance's, instead of the detected one's
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print a JSON array
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Tell whether a port is to be had. The exit code is 0 if it is, and 1 if it is allocated or in
/// use.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "check",
    help_triggers("-h", "--help", "help"),
    example = "{command_name} --port 8080"
)]
pub(crate) struct Check {
    /// the port
    #[argh(option)]
    pub(crate) port: Port,

    /// print what is known of the port as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}

/// Show the version.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "version",
    help_triggers("-h", "--help", "help"),
    example = "{command_name}"
)]
pub(crate) struct Version {
    /// print it as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
