//! The programs that are run by their names, which may not be those that are meant.

use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Issue};
use crate::args::PROGRAM;
use crate::daemon::program;
use crate::environment;

const CHECK: &str = "path";

pub(super) fn check() -> Finding {
    let portctl = env::current_exe().ok();
    let told = portctl.as_deref().map_or_else(
        || "the system does not tell which file this portctl is".to_owned(),
        |portctl| format!("this is {}", portctl.display()),
    );
    // What `portctl start` runs, which looks beside portctl first.
    let daemon = program::find().ok();
    Finding::ok(CHECK, told).but_all(
        [(PROGRAM, portctl), (program::NAME, daemon)]
            .into_iter()
            .filter_map(|(name, used)| ambiguity(name, used.as_deref(), &all(name))),
    )
}

/// The programs of a name on the PATH, the one that is run first. Each file only once.
pub(super) fn all(name: &str) -> Vec<PathBuf> {
    let name = format!("{name}{EXE_SUFFIX}");
    let candidates = environment::path().into_iter().map(|it| it.join(&name));
    let mut found: Vec<PathBuf> = Vec::new();
    for candidate in candidates.filter(|it| program::is_program(it)) {
        if !found.iter().any(|it| is_same(it, &candidate)) {
            found.push(candidate);
        }
    }
    found
}

/// More than one program goes by a name: there are several on the PATH, or the first one is not the one
/// that is used here.
fn ambiguity(name: &str, used: Option<&Path>, on_path: &[PathBuf]) -> Option<Issue> {
    let first = on_path.first()?;
    let names: Vec<String> = on_path.iter().map(|it| it.display().to_string()).collect();
    let names = names.join(", then ");
    let line = match used {
        Some(used) if !is_same(used, first) => format!(
            "the {name} used here is {}, and on the PATH is {names}",
            used.display()
        ),
        _ if on_path.len() > 1 => format!("there are several {name} on the PATH: {names}"),
        _ => return None,
    };
    Some(Issue::warning(line).hint(format!(
        "they may be of different versions: remove those of {name} that are not meant, or change the PATH"
    )))
}

/// Whether two names are of one file.
fn is_same(one: &Path, other: &Path) -> bool {
    if let (Ok(one), Ok(other)) = (fs::canonicalize(one), fs::canonicalize(other))
        && one == other
    {
        return true;
    }
    is_linked(one, other)
}

#[cfg(unix)]
fn is_linked(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let mark = |path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
    mark(one).is_some_and(|one| mark(other) == Some(one))
}

#[cfg(not(unix))]
fn is_linked(_: &Path, _: &Path) -> bool {
    false
}
