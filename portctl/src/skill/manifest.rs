//! The record of the files that portctl wrote into the skill's folder.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use port_registry::daemon::fnv_hash;
use serde::{Deserialize, Serialize};

use super::files::FILES;

/// The name of the manifest.
pub(super) const NAME: &str = ".portctl.json";

/// Digests of the files that portctl wrote. A later version replaces files that still match, and keeps files that the
/// user edited.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Manifest {
    version: String,
    /// The number of parent folders that were created for the skill.
    #[serde(default)]
    pub(super) folders: usize,
    files: BTreeMap<String, String>,
}

impl Manifest {
    /// Records the files of this version.
    pub(super) fn of_this_version(folders: usize) -> Manifest {
        let digests = FILES.map(|(name, content)| (name.to_owned(), digest(content.as_bytes())));
        Manifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            folders,
            files: BTreeMap::from(digests),
        }
    }

    /// Parses the content of a manifest. An invalid manifest counts as empty. Never trust the names in it, because
    /// anybody may have written it: ignores those that are not Markdown files in the skill's folder.
    pub(super) fn parse(bytes: &[u8]) -> Manifest {
        let mut manifest: Manifest = serde_json::from_slice(bytes).unwrap_or_default();
        manifest.files.retain(|name, _| {
            let path = Path::new(name);
            let is_inside = path
                .components()
                .all(|it| matches!(it, Component::Normal(_)));
            is_inside && path.extension().is_some_and(|extension| extension == "md")
        });
        manifest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Returns the names of the recorded files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Tests whether portctl wrote this content to the file.
    pub(super) fn has(&self, name: &str, content: &[u8]) -> bool {
        self.files.get(name) == Some(&digest(content))
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("{:016x}", fnv_hash(bytes))
}
