//! git, which tells checkouts apart.

use super::finding::{Finding, Issue};
use super::path;

const CHECK: &str = "git";

/// Only looks for it: what is on the PATH may do anything when it is run.
pub(super) fn check() -> Finding {
    match path::all("git").into_iter().next() {
        Some(git) => Finding::ok(CHECK, git.display().to_string()),
        None => Issue::warning(
            "there is no git on the PATH, so every folder counts as outside of a repository",
        )
        .hint("install git, or pass --app NAME and --instance NAME to every command")
        .of(CHECK),
    }
}
