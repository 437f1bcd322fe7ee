//! Checks that git, which gives checkouts their labels, is installed and works.

use std::env;
use std::path::PathBuf;

use port_registry::Checkout;

use super::finding::{Finding, Issue};
use super::path;

const CHECK: &str = "git";

/// Asks git for its version, as every command that needs labels runs it. Also returns false if git fails.
pub(super) fn check() -> (Finding, bool) {
    // The version is the same everywhere, so any folder will do if the current one is gone.
    let folder = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    match Checkout::git_version(&folder) {
        Ok(Some(version)) => {
            let git = path::programs_named("git").into_iter().next();
            let git = git.map(|it| format!("{}: ", it.display()));
            let git = git.unwrap_or_default();
            (Finding::ok(CHECK, format!("{git}{version}")), true)
        }
        Ok(None) => {
            let issue =
                Issue::warning("git is not on the PATH, so every folder counts as outside of git")
                    .hint("install git, or pass --app NAME and --instance NAME to every command");
            (issue.of(CHECK), true)
        }
        Err(error) => {
            let reason = error.to_string();
            let hint = format!(
                "{}; until then, pass --app NAME and --instance NAME",
                repair(&reason)
            );
            (Issue::problem(reason).hint(hint).of(CHECK), false)
        }
    }
}

/// Returns the step that makes git work again.
fn repair(reason: &str) -> &'static str {
    if reason.contains("active developer path") {
        "`xcode-select --install` installs the developer tools, which contain git"
    } else if reason.contains("xcodebuild") || reason.contains("Xcode license") {
        "`sudo xcodebuild -license` shows the licence to accept"
    } else {
        "`git --version` must work first: repair git, or install it again"
    }
}
