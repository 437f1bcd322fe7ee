//! What portctl wrote into the skill's folder.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::files::FILES;
use crate::fnv;

/// The file that tells which of the others portctl wrote.
pub(super) const NAME: &str = ".portctl.json";

/// A digest of each file as it was written. So a later version can tell files of an earlier one, which
/// it replaces, from those that the user changed, which it keeps.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Manifest {
    version: String,
    /// How many of the folders above the skill's were made for it.
    #[serde(default)]
    pub(super) folders: usize,
    files: BTreeMap<String, String>,
}

impl Manifest {
    /// Of the files of this version.
    pub(super) fn of_this_version(folders: usize) -> Manifest {
        let digests = FILES.map(|(name, content)| (name.to_owned(), digest(content.as_bytes())));
        Manifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            folders,
            files: BTreeMap::from(digests),
        }
    }

    /// Of what is in its file. One that says nothing of use says that nothing was written. It may be
    /// anybody's: names that are not of documents in the skill's folder do not count.
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

    /// The files that were written.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether a file of this name was written with this content.
    pub(super) fn has(&self, name: &str, content: &[u8]) -> bool {
        self.files.get(name) == Some(&digest(content))
    }
}

/// A digest of a file's content.
fn digest(bytes: &[u8]) -> String {
    format!("{:016x}", fnv::hash(bytes))
}
