//! The outcome of a command.

use std::io;

use crate::command_error::CommandError;
use crate::report::Report;

/// The outcome of a command that did not fail.
#[derive(Debug)]
pub(crate) enum Done {
    /// The results were printed, or could not be.
    Printed(io::Result<()>),
    /// Like `Printed`, but the exit code is 1, because the answer is no.
    No(io::Result<()>),
    /// The command that was run ended with this exit code.
    Exit(u8),
}

/// The result of a command.
pub(crate) type CommandResult = Result<Done, CommandError>;

/// Returns the result of several changes, of which some may have failed. `not_done` describes the failed ones after their
/// number, as in "changes were not made".
pub(super) fn of_changes(
    printed: io::Result<()>,
    mut failures: Vec<Report>,
    not_done: &str,
) -> CommandResult {
    match failures.len() {
        0 => Ok(Done::Printed(printed)),
        1 => Err(failures.remove(0).into()),
        count => Err(Report::new(format!("{count} {not_done}"))
            .conflicts(failures)
            .into()),
    }
}
