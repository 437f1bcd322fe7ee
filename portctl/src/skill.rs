//! The agent skill: what is in it, and keeping it where agents look for it.
//!
//! Beside the skill's files stands a manifest with a digest of each as it was written. So a later
//! version can tell files of an earlier one, which it replaces, from those that the user changed,
//! which it keeps.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The folder of the skill, by which agents know it.
const NAME: &str = "port-registry";

/// The files of the skill.
const FILES: [(&str, &str); 3] = [
    (
        "SKILL.md",
        include_str!("../../skill/port-registry/SKILL.md"),
    ),
    (
        "references/api.md",
        include_str!("../../skill/port-registry/references/api.md"),
    ),
    (
        "references/commands.md",
        include_str!("../../skill/port-registry/references/commands.md"),
    ),
];

/// The file that tells which of the others portctl wrote.
const MANIFEST: &str = ".portctl.json";

/// What to do about files that were changed since portctl wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Keep,
    Overwrite,
}

/// A folder for the skill.
#[derive(Debug)]
pub(crate) struct Home {
    /// The project, or the user's home folder. It may be reached in whatever way; what is below may not
    /// be reached through symbolic links.
    base: PathBuf,
    /// The skill's folder, from there.
    folder: PathBuf,
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

/// What portctl wrote.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Manifest {
    version: String,
    /// How many of the folders above the skill's were made for it.
    #[serde(default)]
    folders: usize,
    /// The digest of each file.
    files: BTreeMap<String, String>,
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

impl Home {
    /// In the folder of an agent, such as `.claude`, which is in `base`.
    pub(crate) fn new(base: &Path, agent: &str) -> Home {
        Home {
            base: base.to_owned(),
            folder: Path::new(agent).join("skills").join(NAME),
        }
    }

    /// The skill's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.base.join(&self.folder)
    }

    /// Whether the agent's folder exists.
    pub(crate) fn has_agent(&self) -> bool {
        let agent = self.folder.components().next();
        agent.is_some_and(|agent| self.base.join(agent).symlink_metadata().is_ok())
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
                Found::Changed if changed == Changed::Keep => {
                    kept.push(self.file(name).display().to_string());
                }
                Found::Nothing | Found::Ours | Found::Changed => to_write.push((name, content)),
            }
        }
        // What an earlier version had besides.
        let mut to_remove = Vec::new();
        for name in manifest
            .files
            .keys()
            .filter(|name| content_of(name).is_none())
        {
            // Whatever else is there has nothing to do with the skill.
            if matches!(self.look(name, &manifest), Ok(Found::Ours)) {
                to_remove.push(self.file(name));
            }
        }
        let folders = if is_new {
            self.missing_folders()
        } else {
            manifest.folders
        };
        let result = match (to_write.is_empty() && to_remove.is_empty(), is_new) {
            (true, _) if !kept.is_empty() => Kind::Kept,
            (true, _) => Kind::UpToDate,
            (false, true) => Kind::Installed,
            (false, false) => Kind::Updated,
        };
        let write = || {
            for (name, content) in &to_write {
                self.write(name, content.as_bytes())?;
            }
            to_remove.iter().try_for_each(fs::remove_file)?;
            if matches!(result, Kind::Installed | Kind::Updated) {
                let manifest = serde_json::to_vec(&Manifest::of_this_version(folders))?;
                self.write(MANIFEST, &manifest)?;
            }
            Ok(())
        };
        write().inspect_err(|_: &io::Error| self.remove_empty_folders(folders))?;
        Ok(Change { result, kept })
    }

    /// Removes the skill, and the folders that were made for it and are empty.
    pub(crate) fn uninstall(&self, changed: Changed) -> io::Result<Change> {
        let manifest = self.manifest()?;
        let mut names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        names.extend(manifest.files.keys().map(String::as_str));
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
                Found::Changed if changed == Changed::Keep => {
                    kept.push(self.file(name).display().to_string());
                }
                Found::Current | Found::Ours | Found::Changed => {
                    fs::remove_file(self.file(name))?;
                    removed += 1;
                }
            }
        }
        // What is left of a skill whose files were removed by hand goes too.
        let is_left = self.file(MANIFEST).symlink_metadata().is_ok();
        let result = if removed > 0 || is_left && kept.is_empty() {
            Kind::Removed
        } else if kept.is_empty() {
            Kind::Absent
        } else {
            Kind::Kept
        };
        if result == Kind::Removed && kept.is_empty() {
            remove_if_there(&self.file(MANIFEST))?;
        }
        if result == Kind::Removed {
            self.remove_empty_folders(manifest.folders);
        }
        Ok(Change { result, kept })
    }

    /// How many of the folders above the skill's are not there.
    fn missing_folders(&self) -> usize {
        let parents = self.parents();
        let is_missing = |folder: &PathBuf| folder.symlink_metadata().is_err();
        parents.iter().filter(|folder| is_missing(folder)).count()
    }

    /// Removes the skill's folders as far as nothing is in them, and so many of those above.
    fn remove_empty_folders(&self, above: usize) {
        let _ = fs::remove_dir(self.file("references"));
        let _ = fs::remove_dir(self.folder());
        for folder in self.parents().iter().take(above) {
            let _ = fs::remove_dir(folder);
        }
    }

    /// The folders above the skill's, up to the agent's.
    fn parents(&self) -> Vec<PathBuf> {
        let parents = self.folder.ancestors().skip(1);
        let parents = parents.filter(|folder| !folder.as_os_str().is_empty());
        parents.map(|folder| self.base.join(folder)).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn look(&self, name: &str, manifest: &Manifest) -> io::Result<Found> {
        let Some(bytes) = self.read(name)? else {
            return Ok(Found::Nothing);
        };
        Ok(
            if content_of(name).is_some_and(|content| content.as_bytes() == bytes) {
                Found::Current
            } else if manifest.files.get(name) == Some(&digest(&bytes)) {
                Found::Ours
            } else {
                Found::Changed
            },
        )
    }

    /// What was written here. A manifest that says nothing of use says that nothing was.
    fn manifest(&self) -> io::Result<Manifest> {
        let bytes = self.read(MANIFEST)?.unwrap_or_default();
        let manifest: Manifest = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(manifest.of_plain_names())
    }

    /// What is in a file, if it is there.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.refuse_links(Path::new(name))?;
        let path = self.file(name);
        let read = || match fs::metadata(&path) {
            // Opening a pipe would wait.
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a file")),
            Ok(_) => fs::read(&path).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        read().map_err(|error| at(&path, &error))
    }

    /// Writes a file in one step.
    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.file(name);
        // Hidden, and of a name that nobody else takes.
        let draft = self.file(name).with_file_name(".draft-of-portctl");
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            remove_if_there(&draft)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&draft)?;
            file.write_all(content)?;
            fs::rename(&draft, &path)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&draft);
            at(&path, &error)
        })
    }

    /// Nothing is read or written through a symbolic link: who made it did not expect this.
    fn refuse_links(&self, name: &Path) -> io::Result<()> {
        let mut path = self.base.clone();
        for part in self.folder.components().chain(name.components()) {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => {
                    let error = io::Error::other("it is a symbolic link, and was left alone");
                    return Err(at(&path, &error));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(at(&path, &error)),
            }
        }
        Ok(())
    }
}

impl Manifest {
    fn of_this_version(folders: usize) -> Manifest {
        let digests = FILES.map(|(name, content)| (name.to_owned(), digest(content.as_bytes())));
        Manifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            folders,
            files: BTreeMap::from(digests),
        }
    }

    /// The same, without names that are not of documents in the skill's folder.
    fn of_plain_names(mut self) -> Manifest {
        use std::path::Component::Normal;

        self.files.retain(|name, _| {
            let path = Path::new(name);
            path.components().all(|part| matches!(part, Normal(_)))
                && path.extension().is_some_and(|extension| extension == "md")
        });
        self
    }
}

fn content_of(name: &str) -> Option<&'static str> {
    let file = FILES.iter().find(|(file, _)| *file == name);
    file.map(|(_, content)| *content)
}

/// FNV-1a of 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>), which tells files apart that nobody made to be alike.
fn digest(bytes: &[u8]) -> String {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = bytes.iter().fold(OFFSET_BASIS, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    format!("{hash:016x}")
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The same error, with the path that it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn the_digest_is_the_one_of_the_standard() {
        assert_eq!(digest(b""), "cbf29ce484222325");
        assert_eq!(digest(b"a"), "af63dc4c8601ec8c");
        assert_eq!(digest(b"foobar"), "85944171f73967e8");
    }
}
