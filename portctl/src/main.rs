//! `portctl`: the registry's command line.

mod args;
mod command;
mod failure;
mod names;
mod output;

use std::process::ExitCode;

use crate::args::Parsed;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Parsed::Command(command) => command::run(command),
        Parsed::Help(text) => output::finish(output::print(&text), false),
        Parsed::Usage(problem) => output::usage(&problem, false),
    }
}
