//! The arguments of `portctl init`.

use argh::{ArgsInfo, FromArgs};

/// Write portctl.toml, which declares the services of this project.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "init",
    help_triggers("-h", "--help", "help"),
    note = "The file is written at the root of the checkout, and printed. It declares the services \
            that `scan` finds, with the ports that they prefer, and names the file and the line of \
            each. The server that scripts of a package start is named after its folder, and `web` at \
            the root, unless a variable in `.env` has the port. Guesses are comments. A file that exists is not changed, and the exit code is 1.\n\n\
            Only names and wishes are declared: each checkout gets ports of its own by \
            `portctl sync`.",
    example = "{command_name}\n{command_name} --print"
)]
pub(crate) struct InitArgs {
    /// only print the file, and write nothing
    #[argh(switch)]
    pub(crate) print: bool,
}
