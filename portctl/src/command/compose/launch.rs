//! Docker Compose as it is run.

use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;

use super::super::launched::{EXIT_NOT_FOUND, exit_code, replace_by};
use super::super::outcome::{CommandResult, Done};
use crate::command_error::CommandError;
use crate::compose::arguments::Arguments;
use crate::compose::program::Program;
use crate::report::Report;

/// A command line of Docker Compose.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) program: Program,
    pub(super) words: Vec<OsString>,
    /// Variables to set.
    pub(super) variables: Vec<(&'static str, OsString)>,
    /// The standard input, if it was read before.
    pub(super) stdin: Option<File>,
}

impl Launch {
    /// The command line as it was typed.
    pub(super) fn unchanged(program: Program, arguments: &Arguments) -> Launch {
        Launch {
            program,
            words: arguments.words().to_vec(),
            variables: Vec::new(),
            stdin: None,
        }
    }

    /// Replaces this process by Docker Compose.
    pub(super) fn run(self) -> CommandResult {
        let mut command = self.program.command();
        command.args(self.words).envs(self.variables);
        if let Some(stdin) = self.stdin {
            command.stdin(stdin);
        }
        match replace_by(&mut command) {
            Ok(code) => Ok(Done::Exit(code)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(missing()),
            Err(error) => Err(CommandError::NotRun {
                report: Report::new(format!("cannot run {}: {error}", self.program.line()))
                    .hint("check that Docker Compose is installed and on the PATH"),
                code: exit_code(&error),
            }),
        }
    }
}

/// Reports that there is no Compose.
pub(super) fn missing() -> CommandError {
    CommandError::NotRun {
        report: Report::new("there is no Docker Compose on the PATH")
            .hint("install it: https://docs.docker.com/compose/install/"),
        code: EXIT_NOT_FOUND,
    }
}
