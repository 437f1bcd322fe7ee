//! The skill's files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::PORTCTL;
use test_support::{Ran, Sandbox};

/// Returns the folder of the skill in the sources.
pub(super) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../skill/port-registry")
}

pub(super) const FILES: [&str; 4] = [
    "SKILL.md",
    "references/api.md",
    "references/commands.md",
    "references/errors.md",
];

pub(super) fn run(sandbox: &Sandbox, args: &[&str]) -> Ran {
    sandbox.run(PORTCTL, args)
}

/// Asserts that a folder contains the skill exactly as in the sources.
#[track_caller]
pub(super) fn assert_installed(folder: &Path) {
    for name in FILES {
        assert_eq!(
            fs::read(folder.join(name)).unwrap(),
            fs::read(sources().join(name)).unwrap(),
            "{name}"
        );
    }
}
