//! The writing of a block into a file: first all that can refuse it, then the file.

use std::path::Path;

use thiserror::Error;

use super::block::{BlockError, CheckoutMark};
use super::env_text::{EnvText, OutsideAssignment};
use super::locked_files::{LockedFile, Replaced};
use super::quoting::{self, QuotingError};
use super::variables::Variable;
use crate::environment::NAMES_VARIABLE;
use crate::report::Report;

/// The format of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockFormat {
    /// `WEB_PORT=3000`
    Dotenv,
    /// `export WEB_PORT=3000`
    Shell,
}

/// Treatment of lines outside the block that assign to its variables. Readers disagree on which one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutsideAssignments {
    Refuse,
    CommentOut,
}

/// A block that is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockContent<'a> {
    /// The real path of the checkout that the block's mark names.
    pub(crate) checkout: &'a Path,
    pub(crate) variables: &'a [Variable],
    pub(crate) format: BlockFormat,
    pub(crate) outside: OutsideAssignments,
}

/// The reason why a block is not written.
#[derive(Debug, Error)]
pub(crate) enum PlanError {
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error("no quotes carry the value of {0} to all readers: {1}")]
    Unquotable(String, #[source] QuotingError),
    #[error("it assigns to variables of its block outside of it, too")]
    Assigned(Vec<OutsideAssignment>),
}

/// A file that is ready to be written.
#[derive(Debug)]
pub(crate) struct PlannedWrite<'a> {
    file: LockedFile<'a>,
    content: Vec<u8>,
    /// The lines that become comments.
    pub(crate) commented_out: Vec<OutsideAssignment>,
    /// The other checkout that the block in the file was of.
    pub(crate) replaced: Option<CheckoutMark>,
}

/// Plans to put a block into a file. Nothing is written.
pub(crate) fn plan<'a>(
    file: LockedFile<'a>,
    block: &BlockContent,
) -> Result<PlannedWrite<'a>, PlanError> {
    let mut text = EnvText::parse(file.content())?;
    let replaced = text.checkout().filter(|it| !it.names(block.checkout));
    let lines = lines(block.variables, block.format)?;
    let names: Vec<&str> = block.variables.iter().map(|it| &*it.name).collect();
    let assigned = text.assignments_of(&names);
    match block.outside {
        OutsideAssignments::Refuse if !assigned.is_empty() => {
            return Err(PlanError::Assigned(assigned));
        }
        OutsideAssignments::Refuse => {}
        OutsideAssignments::CommentOut => text.comment_out(&names),
    }
    let mark = CheckoutMark::of(block.checkout);
    let content = text.with_block(&mark, &names, &lines)?;
    Ok(PlannedWrite {
        file,
        content,
        commented_out: assigned,
        replaced,
    })
}

impl PlannedWrite<'_> {
    /// Returns true if writing changes the file.
    pub(crate) fn is_change(&self) -> bool {
        self.content != self.file.content()
    }

    pub(crate) fn write(self) -> Result<Replaced, Report> {
        self.file.replace(&self.content)
    }
}

/// Variables as lines of a file or of a shell. Fails if a value cannot be in such a line.
pub(crate) fn lines(variables: &[Variable], format: BlockFormat) -> Result<Vec<String>, PlanError> {
    let line = |it: &Variable| match format {
        BlockFormat::Dotenv => {
            quoting::dotenv(&it.value).map(|value| format!("{}={value}", it.name))
        }
        BlockFormat::Shell => Ok(export(&it.name, &it.value)),
    };
    let lines = variables.iter();
    let lines =
        lines.map(|it| line(it).map_err(|error| PlanError::Unquotable(it.name.clone(), error)));
    let mut lines: Vec<String> = lines.collect::<Result<_, _>>()?;
    if format == BlockFormat::Shell && !variables.is_empty() {
        let names: Vec<&str> = variables.iter().map(|it| &*it.name).collect();
        lines.push(export(NAMES_VARIABLE, &names.join(" ")));
    }
    Ok(lines)
}

fn export(name: &str, value: &str) -> String {
    format!("export {name}={}", quoting::shell(value))
}
