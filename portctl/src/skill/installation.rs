//! Installing the skill in a place.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{FILES, NAME, REFERENCES, content_of};
use super::folder::Folder;
use super::manifest::{self, Manifest};

/// What to do about files that were changed since portctl wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Keep,
    Overwrite,
}

/// A place for the skill.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: Folder,
}

/// What became of the skill in a place.
#[derive(Debug, Serialize)]
pub(crate) struct Change {
    pub(crate) result: Kind,
    /// Files that were changed, and so were left as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) kept: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Installed,
    Updated,
    UpToDate,
    Kept,
    Removed,
    Absent,
}

/// What stands where a file of the skill belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// What is to be there.
    Current,
    /// What portctl wrote at some time.
    Ours,
    Changed,
}

impl Installation {
    /// In the folder of an agent, such as `.claude`, which is in `base`: a project, or a user's home
    /// folder.
    pub(crate) fn new(base: &Path, agent: &str) -> Installation {
        let way = Path::new(agent).join("skills").join(NAME);
        Installation {
            folder: Folder::new(base, way),
        }
    }

    /// The skill's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path()
    }

    /// Whether the agent's folder exists.
    pub(crate) fn has_agent(&self) -> bool {
        let parents = self.folder.parents();
        parents
            .last()
            .is_some_and(|agent| agent.symlink_metadata().is_ok())
    }

    /// Writes the skill, or brings it up to date.
    pub(crate) fn install(&self, changed: Changed) -> io::Result<Change> {
        let manifest = self.manifest()?;
        let mut to_write = Vec::new();
        let mut kept = Vec::new();
        let mut is_new = true;
        for (name, content) in FILES {
            let found = self.look(name, &manifest)?;
            is_new &= found == Found::Nothing;
            match found {
                Found::Current => {}
                Found::Changed if changed == Changed::Keep => kept.push(self.shown(name)),
                Found::Nothing | Found::Ours | Found::Changed => to_write.push((name, content)),
            }
        }
        // What an earlier version had besides. Whatever else is there has nothing to do with the skill.
        let to_remove: Vec<&str> = manifest
            .names()
            .filter(|name| content_of(name).is_none())
            .filter(|name| matches!(self.look(name, &manifest), Ok(Found::Ours)))
            .collect();
        let result = match (to_write.is_empty() && to_remove.is_empty(), is_new) {
            (true, _) if !kept.is_empty() => Kind::Kept,
            (true, _) => Kind::UpToDate,
            (false, true) => Kind::Installed,
            (false, false) => Kind::Updated,
        };
        let folders = if is_new {
            self.folder.missing_parents()
        } else {
            manifest.folders
        };
        let write = || {
            for (name, content) in &to_write {
                self.folder.write(name, content.as_bytes())?;
            }
            to_remove
                .iter()
                .try_for_each(|name| self.folder.remove(name))?;
            // The skill may have come without it, as from a repository that leaves out hidden files.
            let is_unknown = result == Kind::UpToDate && manifest.is_empty();
            if is_unknown || matches!(result, Kind::Installed | Kind::Updated) {
                let manifest = Manifest::of_this_version(folders).to_json()?;
                self.folder.write(manifest::NAME, &manifest)?;
            }
            Ok(())
        };
        let clear = |_: &io::Error| self.folder.remove_if_empty(REFERENCES, folders);
        write().inspect_err(clear)?;
        Ok(Change { result, kept })
    }

    /// Removes the skill, and the folders that were made for it and are empty.
    pub(crate) fn uninstall(&self, changed: Changed) -> io::Result<Change> {
        let manifest = self.manifest()?;
        let mut names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        names.extend(manifest.names());
        names.sort_unstable();
        names.dedup();
        let mut kept = Vec::new();
        let mut removed = 0;
        for name in names {
            let found = match self.look(name, &manifest) {
                // Whatever is there has nothing to do with the skill.
                Err(_) if content_of(name).is_none() => continue,
                found => found?,
            };
            match found {
                Found::Nothing => {}
                Found::Changed if changed == Changed::Keep => kept.push(self.shown(name)),
                Found::Current | Found::Ours | Found::Changed => {
                    self.folder.remove(name)?;
                    removed += 1;
                }
            }
        }
        // What is left of a skill whose files were removed by hand goes too.
        let is_left = self.folder.read(manifest::NAME)?.is_some();
        let result = if removed > 0 || is_left && kept.is_empty() {
            Kind::Removed
        } else if kept.is_empty() {
            Kind::Absent
        } else {
            Kind::Kept
        };
        if result == Kind::Removed && kept.is_empty() {
            self.folder.remove(manifest::NAME)?;
        }
        if result == Kind::Removed {
            self.folder.remove_if_empty(REFERENCES, manifest.folders);
        }
        Ok(Change { result, kept })
    }

    fn look(&self, name: &str, manifest: &Manifest) -> io::Result<Found> {
        Ok(match self.folder.read(name)? {
            None => Found::Nothing,
            Some(bytes) if content_of(name).is_some_and(|it| it.as_bytes() == bytes) => {
                Found::Current
            }
            Some(bytes) if manifest.has(name, &bytes) => Found::Ours,
            Some(_) => Found::Changed,
        })
    }

    fn manifest(&self) -> io::Result<Manifest> {
        let bytes = self.folder.read(manifest::NAME)?;
        Ok(Manifest::parse(&bytes.unwrap_or_default()))
    }

    /// A file, as it is told of.
    fn shown(&self, name: &str) -> String {
        self.folder.file(name).display().to_string()
    }
}
