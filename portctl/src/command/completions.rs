//! `portctl completions`.

use argh_complete::Generator;
use argh_complete::bash::Bash;
use argh_complete::fish::Fish;
use argh_complete::zsh::Zsh;

use super::outcome::Done;
use crate::args::{self, CompletionsArgs, PROGRAM, Shell};
use crate::output;

pub(crate) fn run(args: &CompletionsArgs) -> Done {
    let info = &*args::DESCRIPTION;
    Done::Printed(output::print_lines(&match args.shell {
        Shell::Bash => Bash::generate(PROGRAM, info),
        Shell::Zsh => Zsh::generate(PROGRAM, info),
        Shell::Fish => with_older_fish(&Fish::generate(PROGRAM, info)),
    }))
}

/// Makes the script work with fish before version 4, which does not know `-x`. Later versions deprecate `-o`.
fn with_older_fish(script: &str) -> String {
    script.replace(
        "(commandline -xpc)",
        "(commandline -xpc 2>/dev/null; or commandline -opc)",
    )
}
