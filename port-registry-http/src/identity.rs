//! The identity that the daemon states in every response.

use std::sync::LazyLock;

use port_registry::daemon::Identity;

/// Returns the version and the process of this daemon.
pub(crate) fn identity() -> Identity {
    Identity::new(env!("CARGO_PKG_VERSION"), std::process::id())
}

/// Returns the identity as the value of its header.
pub(crate) fn identity_header() -> &'static str {
    static HEADER: LazyLock<String> = LazyLock::new(|| identity().to_string());
    &HEADER
}
