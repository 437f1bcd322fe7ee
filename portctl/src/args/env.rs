//! `portctl env`, as it is typed.

use std::path::PathBuf;
use std::str::FromStr;

use argh::{ArgsInfo, FromArgs};

/// Print the ports of this app and this instance as variables.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "env",
    help_triggers("-h", "--help", "help"),
    note = "A service's variable is its name in capitals, with `_` for all but A-Z and\n\
            0-9, and _PORT: `web-api` is WEB_API_PORT. A leading digit gets a `_` before\n\
            it.\n\n\
            The formats are dotenv (WEB_PORT=3000), shell (export WEB_PORT=3000) and json.\n\
            --write keeps them in a marked block of a file, and leaves the rest of it and\n\
            its mode as they are; a symbolic link is followed. It takes dotenv and shell.",
    example = "{command_name} --write .env && docker compose up\n\
               eval \"$({command_name} --format shell)\""
)]
pub(crate) struct Env {
    /// dotenv, shell or json (dotenv)
    #[argh(option)]
    pub(crate) format: Option<Format>,

    /// keep them in this file, instead of printing them
    #[argh(option, arg_name = "file")]
    pub(crate) write: Option<PathBuf>,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// the same as --format json
    #[argh(switch)]
    pub(crate) json: bool,
}

/// How variables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Dotenv,
    Shell,
    Json,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        match text {
            "dotenv" => Ok(Format::Dotenv),
            "shell" => Ok(Format::Shell),
            "json" => Ok(Format::Json),
            _ => Err("the formats are dotenv, shell and json".to_owned()),
        }
    }
}
