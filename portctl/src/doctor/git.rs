//! Checks that git, which identifies checkouts, is installed.

use super::finding::{Finding, Issue};
use super::path;

const CHECK: &str = "git";

/// Looks for git without running it, because a program on the PATH may do anything.
pub(super) fn check() -> Finding {
    match path::programs_named("git").into_iter().next() {
        Some(git) => Finding::ok(CHECK, git.display().to_string()),
        None => Issue::warning("git is not on the PATH, so checkouts are not recognized")
            .hint("install git, or pass --app NAME and --instance NAME to every command")
            .of(CHECK),
    }
}
