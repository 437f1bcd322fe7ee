//! `portctl`: the command line of the port registry.

use std::process::ExitCode;

fn main() -> ExitCode {
    portctl::run()
}
