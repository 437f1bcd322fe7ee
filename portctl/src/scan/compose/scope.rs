//! The surroundings of Compose files that are merged: the project's own, or those of an `include`.

use std::path::PathBuf;
use std::rc::Rc;

use crate::scan::env_variables::{EnvVariables, UnreadFile};
use crate::scan::interpolation::interpolate;

#[derive(Debug)]
pub(super) struct Scope {
    /// The folder that relative paths start from.
    pub(super) folder: PathBuf,
    pub(super) variables: EnvVariables,
    /// The env files of the variables.
    pub(super) env_files: Vec<PathBuf>,
    /// Default env files that cannot be read. They are noted once a port depends on them.
    pub(super) unread: Vec<Rc<UnreadFile>>,
    /// A variable that is not known decides which files are read.
    pub(super) is_guess: bool,
}

impl Scope {
    /// Interpolates a text. Malformed references stay as they are.
    pub(super) fn interpolated(&self, text: &str) -> String {
        interpolate(text, &self.variables.values).map_or_else(|_| text.to_owned(), |it| it.text)
    }

    /// Returns true if a file that could not be read may change the interpolated text.
    pub(super) fn is_uncertain(&self, text: &str) -> bool {
        let used = interpolate(text, &self.variables.values).map(|it| it.used);
        used.is_ok_and(|used| self.variables.are_uncertain(&used))
    }
}
