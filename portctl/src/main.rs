//! `portctl`: the registry's command line.

mod address;
mod args;
mod backend;
mod batch;
mod block;
mod command;
mod conflict;
mod daemon;
mod doctor;
mod dump;
mod environment;
mod failure;
mod fnv;
mod folder;
mod names;
mod output;
mod registration;
mod release;
mod replace;
mod scan;
mod skill;
mod table;
mod terminal;
mod variables;
mod visible;
mod wording;

use std::process::ExitCode;

use crate::args::Parsed;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).peekable();
    if words.next_if(|word| word == daemon::DETACH).is_some() {
        return daemon::exec(words);
    }
    match args::parse(words) {
        Parsed::Command(command) => command::run(*command),
        Parsed::Version => output::finish(output::print(&wording::version()), false),
        Parsed::Help(text) => output::finish(output::print(&text), false),
        Parsed::Nothing(help) => output::usage_help(&help),
        Parsed::Usage(usage) => output::usage(&usage.problem, &usage.help, usage.as_json),
    }
}
