//! The scripts that make shells ask portctl for completions.

use crate::args::Shell;

/// Returns the script of a shell.
pub(crate) fn of(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("script/portctl.bash"),
        Shell::Zsh => include_str!("script/portctl.zsh"),
        Shell::Fish => include_str!("script/portctl.fish"),
    }
}
