//! The outcome of a command.

use std::io;

use crate::command_error::CommandError;

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
