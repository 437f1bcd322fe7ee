//! The arguments of `portctl env`.

use std::path::PathBuf;
use std::str::FromStr;

use argh::{ArgsInfo, FromArgs};

/// Print the ports of this checkout as variables.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "env",
    help_triggers("-h", "--help", "help"),
    note = "The variable of a service is its name in capitals and _PORT, with `_` for all \
            characters but A-Z and 0-9: `web-api` becomes WEB_API_PORT. A leading digit gets a \
            `_` before it. Where the Compose file of the checkout has another one, as in \
            $FORWARD_DB_PORT:3306, it is that one. portctl.toml can name others, and \
            compute more in [env].\n\n\
            The formats are dotenv (WEB_PORT=3000), shell (export WEB_PORT=3000) and json. \
            --write keeps them in a marked block of a file of this checkout, before the lines \
            that refer to them. The rest of the file, its owner, mode and access control list \
            stay as they are. A symbolic link is followed if it stays in the checkout. The \
            format must be dotenv or shell.\n\n\
            Readers of a file disagree on which of two assignments counts, so a variable that \
            the file also assigns outside the block is an error. --replace makes a comment of \
            such lines.",
    example = "{command_name} --write .env && docker compose up\n\
               eval \"$({command_name} --format shell)\""
)]
pub(crate) struct EnvArgs {
    /// only this service
    #[argh(positional, arg_name = "service")]
    pub(crate) words: Vec<String>,

    /// only this service, by any name; may be given several times
    #[argh(option, short = 's')]
    pub(crate) service: Vec<String>,

    /// dotenv, shell or json (dotenv)
    #[argh(option)]
    pub(crate) format: Option<Format>,

    /// write them into this file, instead of printing them
    #[argh(option, arg_name = "file")]
    pub(crate) write: Option<PathBuf>,

    /// write the file even if git tracks it
    #[argh(switch)]
    pub(crate) tracked: bool,

    /// make comments of other lines of the file that assign to the variables
    #[argh(switch)]
    pub(crate) replace: bool,

    /// the app, instead of the detected one
    #[argh(option)]
    pub(crate) app: Option<String>,

    /// the instance, instead of the detected one
    #[argh(option)]
    pub(crate) instance: Option<String>,

    /// print the variables as JSON, like --format json
    #[argh(switch, short = 'j')]
    pub(crate) json: bool,
}

/// A format of variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Dotenv,
    Shell,
    Json,
}

impl Format {
    /// All formats, by their names.
    pub(crate) const NAMES: [(&str, Format); 3] = [
        ("dotenv", Format::Dotenv),
        ("shell", Format::Shell),
        ("json", Format::Json),
    ];

    pub(crate) fn name(self) -> &'static str {
        let mut names = Format::NAMES.into_iter();
        let name = names.find(|(_, format)| *format == self);
        name.map_or("", |(name, _)| name)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        let named = Format::NAMES.into_iter().find(|(name, _)| *name == text);
        let (_, format) = named.ok_or("the formats are dotenv, shell and json")?;
        Ok(format)
    }
}
