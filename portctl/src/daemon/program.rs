//! Finds the daemon's program.

use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::path::{self, Path, PathBuf};

use crate::environment;
use crate::path::is_executable;
use crate::report::Report;

/// File name of the program.
pub(crate) const NAME: &str = "port-registry";

/// Finds the program beside portctl, or else on the PATH.
pub(crate) fn find() -> Result<PathBuf, Report> {
    let name = format!("{NAME}{EXE_SUFFIX}");
    let own_folder = env::current_exe()
        .and_then(fs::canonicalize)
        .ok()
        .and_then(|portctl| portctl.parent().map(Path::to_owned));
    let found = own_folder
        .iter()
        .chain(&environment::path())
        .map(|folder| folder.join(&name))
        .find(|candidate| is_executable(candidate));
    // Make the path absolute, because the daemon runs in another folder.
    let found = found.and_then(|program| path::absolute(program).ok());
    found.ok_or_else(|| {
        let beside = own_folder.map_or_else(String::new, |folder| {
            format!(" beside portctl (in {})", folder.display())
        });
        Report::new(format!(
            "cannot find the daemon's program {NAME}{beside} or on the PATH"
        ))
        .hint("install it: run `cargo install --path port-registry-http` in the sources")
    })
}
