//! The arguments of `portctl completions`.

use std::str::FromStr;

use argh::{ArgsInfo, FromArgs};

/// Print a script that completes portctl's command lines.
#[derive(Debug, FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "completions",
    help_triggers("-h", "--help", "help"),
    note = "For bash, put the first line into ~/.bashrc. For zsh, put the second into ~/.zshrc, after \
            compinit. For fish, run the third once.\n\n\
            The script asks portctl at each completion, which reads the registry and changes \
            nothing. Behind `portctl run --`, the shell completes the command itself. In bash, \
            the package bash-completion makes this complete the command's own arguments; without it, \
            programs and files are completed.",
    example = "source <({command_name} bash)\n\
               source <({command_name} zsh)\n\
               mkdir -p ~/.config/fish/completions && {command_name} fish > ~/.config/fish/completions/portctl.fish"
)]
pub(crate) struct CompletionsArgs {
    /// bash, zsh or fish
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

impl Shell {
    /// All shells, by their names.
    pub(crate) const NAMES: [(&str, Shell); 3] = [
        ("bash", Shell::Bash),
        ("zsh", Shell::Zsh),
        ("fish", Shell::Fish),
    ];
}

impl FromStr for Shell {
    type Err = String;

    fn from_str(text: &str) -> Result<Shell, String> {
        let named = Shell::NAMES.into_iter().find(|(name, _)| *name == text);
        let (_, shell) = named.ok_or("the shells are bash, zsh and fish")?;
        Ok(shell)
    }
}
