//! Checks that the programs on the PATH are the ones in use.

use std::env::{self, consts::EXE_SUFFIX};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Issue};
use crate::args::PROGRAM;
use crate::daemon::program;
use crate::path::{candidates, is_executable};

const CHECK: &str = "path";

pub(super) fn check() -> Finding {
    let portctl = env::current_exe().ok();
    let summary = portctl.as_deref().map_or_else(
        || "cannot determine the path of this portctl".to_owned(),
        |portctl| format!("this is {}", portctl.display()),
    );
    // `portctl start` runs the daemon beside portctl first, then that on the PATH.
    let daemon = program::find().ok();
    Finding::ok(CHECK, summary).with_all(
        [(PROGRAM, portctl), (program::NAME, daemon)]
            .into_iter()
            .filter_map(|(name, used)| ambiguity(name, used.as_deref(), &programs_named(name))),
    )
}

/// Lists the programs of a name on the PATH in search order, each file once.
pub(super) fn programs_named(name: &str) -> Vec<PathBuf> {
    let name = format!("{name}{EXE_SUFFIX}");
    let candidates = candidates(OsStr::new(&name)).into_iter();
    let mut found: Vec<PathBuf> = Vec::new();
    for candidate in candidates.filter(|it| is_executable(it)) {
        if !found.iter().any(|it| is_same(it, &candidate)) {
            found.push(candidate);
        }
    }
    found
}

/// Reports several programs of one name: several on the PATH, or another in use than the first on the PATH.
fn ambiguity(name: &str, used: Option<&Path>, on_path: &[PathBuf]) -> Option<Issue> {
    let first = on_path.first()?;
    let names: Vec<String> = on_path.iter().map(|it| it.display().to_string()).collect();
    let names = names.join(", then ");
    let line = match used {
        Some(used) if !is_same(used, first) => format!(
            "the {name} in use is {}, but the PATH has {names}",
            used.display()
        ),
        _ if on_path.len() > 1 => format!("the PATH has several programs named {name}: {names}"),
        _ => return None,
    };
    Some(Issue::warning(line).hint(
        "they may have different versions: remove the ones you do not need, or change the PATH",
    ))
}

/// Compares the files, not the paths.
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
