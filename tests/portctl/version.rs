//! The expected version of portctl.

/// Returns the expected output of `portctl --version`.
pub(crate) fn portctl_version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    // portctl's build script sets these for its tests, too.
    match (
        option_env!("PORTCTL_COMMIT"),
        option_env!("PORTCTL_COMMIT_DATE"),
    ) {
        (Some(commit), Some(date)) => format!("portctl {version} ({commit} {date})"),
        _ => format!("portctl {version}"),
    }
}
