//! Docker Compose as it is run.

use std::ffi::OsString;
use std::process::Command;

use super::super::launched::{exit_code, replace_by};
use super::super::outcome::{CommandResult, Done};
use crate::command_error::CommandError;
use crate::compose::arguments::Arguments;
use crate::report::Report;

/// A command line of Docker Compose.
#[derive(Debug)]
pub(super) struct Launch {
    words: Vec<OsString>,
}

impl Launch {
    /// The command line as it was typed.
    pub(super) fn unchanged(arguments: &Arguments) -> Launch {
        Launch {
            words: arguments.words().to_vec(),
        }
    }

    /// Replaces this process by Docker Compose.
    pub(super) fn run(self) -> CommandResult {
        let mut command = Command::new("docker");
        command.arg("compose").args(self.words);
        match replace_by(&mut command) {
            Ok(code) => Ok(Done::Exit(code)),
            Err(error) => Err(CommandError::NotRun {
                report: Report::new(format!("cannot run docker: {error}"))
                    .hint("check that Docker Compose is installed and on the PATH"),
                code: exit_code(&error),
            }),
        }
    }
}
