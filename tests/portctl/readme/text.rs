//! The documents whose commands and tables are checked.

/// A document, and its path in the repository.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

pub(super) const README: Document = Document {
    path: "README.md",
    text: include_str!("../../../README.md"),
};

/// The reference of the command line.
pub(super) const PORTCTL: Document = Document {
    path: "portctl/README.md",
    text: include_str!("../../../portctl/README.md"),
};

/// The reference of the daemon.
pub(super) const DAEMON: Document = Document {
    path: "port-registry-http/README.md",
    text: include_str!("../../../port-registry-http/README.md"),
};

/// The page of the library.
#[cfg(target_os = "linux")]
pub(super) const LIBRARY: Document = Document {
    path: "port-registry/README.md",
    text: include_str!("../../../port-registry/README.md"),
};
