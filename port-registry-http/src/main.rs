//! `port-registry`: the registry's daemon.

use std::io::{self, Write};
use std::process::ExitCode;

use port_registry::visible;
use port_registry_http::args::{self, Parsed};

/// The exit code of a command line that is wrong.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    match args::parse(std::env::args_os().skip(1)) {
        Parsed::Run(args) => match args.config().and_then(port_registry_http::run) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                let _ = writeln!(io::stderr(), "error: {}", visible(&failure.to_string()));
                ExitCode::FAILURE
            }
        },
        Parsed::Text(text) => {
            // A reader that leaves early is no error.
            let _ = writeln!(io::stdout(), "{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Parsed::Usage(problem) => {
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
