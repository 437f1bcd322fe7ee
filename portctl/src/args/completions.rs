//! The arguments of `portctl completions`.

use std::str::FromStr;

use argh::{ArgsInfo, FromArgs};

/// Print a script that completes portctl's command lines.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "completions",
    help_triggers("-h", "--help", "help"),
    note = "The shells are bash, zsh and fish. Put the first line into ~/.bashrc, or the second \
            into ~/.zshrc after compinit.",
    example = "source <({command_name} bash)\n\
               source <({command_name} zsh)\n\
               mkdir -p ~/.config/fish/completions && {command_name} fish > ~/.config/fish/completions/portctl.fish"
)]
pub(crate) struct CompletionsArgs {
    /// the shell
    #[argh(positional)]
    pub(crate) shell: Shell,
}

/// A shell with a completion script.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl FromStr for Shell {
    type Err = String;

    fn from_str(text: &str) -> Result<Shell, String> {
        match text {
            "bash" => Ok(Shell::Bash),
            "zsh" => Ok(Shell::Zsh),
            "fish" => Ok(Shell::Fish),
            _ => Err("the shells are bash, zsh and fish".to_owned()),
        }
    }
}
