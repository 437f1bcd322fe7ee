//! `portctl doctor`, as it is typed.

use argh::{ArgsInfo, FromArgs};

/// Check this machine for problems, and say how to solve each.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "doctor",
    help_triggers("-h", "--help", "help"),
    note = "It looks at the registry's folder and file, the daemon and its pidfile, the\n\
            programs on the PATH, what listens on allocated ports, and the checkouts that\n\
            ports belong to. Nothing is changed. The exit code is 1 if there is a problem;\n\
            a warning is none.",
    example = "{command_name}\n{command_name} --json"
)]
pub(crate) struct Doctor {
    /// print what was found as JSON
    #[argh(switch)]
    pub(crate) json: bool,
}
