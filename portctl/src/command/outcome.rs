//! The outcome of a command.

use std::io;

use crate::failure::Failure;

/// The end of a command that did not fail.
#[derive(Debug)]
pub(crate) enum Done {
    /// Its results were printed, as far as they could be.
    Printed(io::Result<()>),
    /// Its results were printed, and the exit code is 1: the answer is no, say.
    No(io::Result<()>),
    /// With the exit code of a command that was run.
    Exit(u8),
}

pub(crate) type Outcome = Result<Done, Failure>;
