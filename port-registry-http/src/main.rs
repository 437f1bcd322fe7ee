//! `port-registry`: the registry's daemon.

use std::io::{self, Write};
use std::process::ExitCode;

use port_registry::daemon::{full_message, visible};
use port_registry_http::args::{self, DaemonCommand};

/// The exit code of a usage error.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        DaemonCommand::Run(args) => match args.into_config().and_then(port_registry_http::run) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(io::stderr(), "error: {}", visible(&full_message(&error)));
                ExitCode::FAILURE
            }
        },
        DaemonCommand::Print(text) => {
            // A reader that leaves early is no error.
            let _ = writeln!(io::stdout(), "{}", text.trim_end());
            ExitCode::SUCCESS
        }
        DaemonCommand::Reject(problem) => {
            let lines: Vec<_> = problem.trim_end().lines().map(visible).collect();
            let problem = lines.join("\n");
            let _ = writeln!(
                io::stderr(),
                "error: {problem}\nRun `port-registry --help` for more information."
            );
            ExitCode::from(EXIT_USAGE)
        }
    }
}
