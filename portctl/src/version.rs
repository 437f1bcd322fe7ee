//! The version of portctl.

/// The commit that portctl was built from, and its day in UTC. `None` if the build did not know it (`build.rs`).
pub(crate) const COMMIT: Option<&str> = option_env!("PORTCTL_COMMIT");
pub(crate) const COMMIT_DATE: Option<&str> = option_env!("PORTCTL_COMMIT_DATE");

/// The line that `portctl --version` prints.
pub(crate) fn version_line() -> String {
    let version = env!("CARGO_PKG_VERSION");
    match (COMMIT, COMMIT_DATE) {
        (Some(commit), Some(date)) => format!("portctl {version} ({commit} {date})"),
        _ => format!("portctl {version}"),
    }
}
