//! Installs, updates and removes the agent skill in one folder.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{FILES, NAME, REFERENCES, content_of};
use super::manifest::{self, Manifest};
use super::skill_folder::SkillFolder;

/// Treatment of files that the user edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditedFiles {
    Keep,
    Overwrite,
}

/// The skill in the folder of one agent.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: SkillFolder,
}

/// The change to the skill in one folder.
#[derive(Debug, Serialize)]
pub(crate) struct SkillChange {
    pub(crate) result: SkillResult,
    /// Edited files, which were kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) kept: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SkillResult {
    Installed,
    Updated,
    UpToDate,
    Kept,
    Removed,
    Absent,
}

/// State of a file of the skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileState {
    Missing,
    /// The content of this version.
    Current,
    /// The content that an earlier version of portctl wrote.
    Outdated,
    /// Content that portctl did not write.
    Edited,
}

impl Installation {
    /// Locates the skill of an agent, whose folder (such as `.claude`) is in `base`: a project or the home folder.
    pub(crate) fn new(base: &Path, agent: &str) -> Installation {
        let subpath = Path::new(agent).join("skills").join(NAME);
        Installation {
            folder: SkillFolder::new(base, subpath),
        }
    }

    /// Returns the skill's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path()
    }

    /// Tests whether the agent's folder exists.
    pub(crate) fn has_agent(&self) -> bool {
        let parents = self.folder.parents();
        parents
            .last()
            .is_some_and(|agent| agent.symlink_metadata().is_ok())
    }

    /// Installs the skill or updates it.
    pub(crate) fn install(&self, edited: EditedFiles) -> io::Result<SkillChange> {
        let manifest = self.manifest()?;
        let mut to_write = Vec::new();
        let mut kept = Vec::new();
        let mut is_new = true;
        for (name, content) in FILES {
            let state = self.state_of(name, &manifest)?;
            is_new &= state == FileState::Missing;
            match state {
                FileState::Current => {}
                FileState::Edited if edited == EditedFiles::Keep => kept.push(self.shown(name)),
                FileState::Missing | FileState::Outdated | FileState::Edited => {
                    to_write.push((name, content));
                }
            }
        }
        // Remove files that only an earlier version had. Never remove anything else.
        let to_remove: Vec<&str> = manifest
            .names()
            .filter(|name| content_of(name).is_none())
            .filter(|name| matches!(self.state_of(name, &manifest), Ok(FileState::Outdated)))
            .collect();
        let result = match (to_write.is_empty() && to_remove.is_empty(), is_new) {
            (true, _) if !kept.is_empty() => SkillResult::Kept,
            (true, _) => SkillResult::UpToDate,
            (false, true) => SkillResult::Installed,
            (false, false) => SkillResult::Updated,
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
            // A skill without a manifest may come from a repository that excludes hidden files.
            let lacks_manifest = result == SkillResult::UpToDate && manifest.is_empty();
            if lacks_manifest || matches!(result, SkillResult::Installed | SkillResult::Updated) {
                let manifest = Manifest::of_this_version(folders).to_json()?;
                self.folder.write(manifest::NAME, &manifest)?;
            }
            Ok(())
        };
        let clear = |_: &io::Error| self.folder.remove_if_empty(REFERENCES, folders);
        write().inspect_err(clear)?;
        Ok(SkillChange { result, kept })
    }

    /// Removes the skill, and the empty folders that were created for it.
    pub(crate) fn uninstall(&self, edited: EditedFiles) -> io::Result<SkillChange> {
        let manifest = self.manifest()?;
        let mut names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        names.extend(manifest.names());
        names.sort_unstable();
        names.dedup();
        let mut kept = Vec::new();
        let mut removed = 0;
        for name in names {
            let state = match self.state_of(name, &manifest) {
                // Ignore what the manifest names but is not readable as a file.
                Err(_) if content_of(name).is_none() => continue,
                state => state?,
            };
            match state {
                FileState::Missing => {}
                FileState::Edited if edited == EditedFiles::Keep => kept.push(self.shown(name)),
                FileState::Current | FileState::Outdated | FileState::Edited => {
                    self.folder.remove(name)?;
                    removed += 1;
                }
            }
        }
        // A manifest without files remains after the files were deleted by hand; remove it, too.
        let has_manifest = self.folder.read(manifest::NAME)?.is_some();
        let result = if removed > 0 || has_manifest && kept.is_empty() {
            SkillResult::Removed
        } else if kept.is_empty() {
            SkillResult::Absent
        } else {
            SkillResult::Kept
        };
        if result == SkillResult::Removed && kept.is_empty() {
            self.folder.remove(manifest::NAME)?;
        }
        if result == SkillResult::Removed {
            self.folder.remove_if_empty(REFERENCES, manifest.folders);
        }
        Ok(SkillChange { result, kept })
    }

    fn state_of(&self, name: &str, manifest: &Manifest) -> io::Result<FileState> {
        Ok(match self.folder.read(name)? {
            None => FileState::Missing,
            Some(bytes) if content_of(name).is_some_and(|it| it.as_bytes() == bytes) => {
                FileState::Current
            }
            Some(bytes) if manifest.has(name, &bytes) => FileState::Outdated,
            Some(_) => FileState::Edited,
        })
    }

    fn manifest(&self) -> io::Result<Manifest> {
        let bytes = self.folder.read(manifest::NAME)?;
        Ok(Manifest::parse(&bytes.unwrap_or_default()))
    }

    /// Formats the path of a file for output.
    fn shown(&self, name: &str) -> String {
        self.folder.file(name).display().to_string()
    }
}
