//! A simulated disk that loses data that was not synced when the power fails.
//!
//! Of a file's contents, the synced ones survive, and any sectors of later writes. Of a folder's names, the synced
//! ones survive, and the first few of the later changes, because file systems keep their order (with a journal,
//! for example).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::store::disk::witness::DiskChange;
use crate::system::files::FileId;

/// The size of the unit that disks write atomically, in bytes.
const SECTOR: usize = 512;

/// The reaction of the disk to syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SyncBehaviour {
    Correct,
    /// The disk ignores syncs of files. The tests must notice.
    IgnoresFiles,
    /// The disk ignores syncs of folders. The tests must notice.
    IgnoresFolders,
}

/// The files and folders below one folder.
#[derive(Clone, Debug)]
pub(super) struct SimulatedDisk {
    root: PathBuf,
    syncs: SyncBehaviour,
    contents: Vec<FileContent>,
    /// The content of each file of the real system, by index.
    files: BTreeMap<FileId, usize>,
    names: BTreeMap<PathBuf, DiskNode>,
    unsynced_names: Vec<(PathBuf, NameChange)>,
}

#[derive(Clone, Copy, Debug)]
enum DiskNode {
    Folder,
    File(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Add(PathBuf, DiskNode),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Clone, Debug, Default)]
struct FileContent {
    synced: Vec<u8>,
    unsynced: Vec<ContentChange>,
}

#[derive(Clone, Debug)]
enum ContentChange {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

/// The part of the unsynced changes that survives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Survivors {
    Nothing,
    Everything,
    /// This percentage of sectors, chosen at random.
    Percent(u64),
}

impl Survivors {
    fn survives(self, random: &mut Rng) -> bool {
        match self {
            Survivors::Nothing => false,
            Survivors::Everything => true,
            Survivors::Percent(percent) => random.u64(..100) < percent,
        }
    }
}

impl SimulatedDisk {
    /// Makes a disk with the contents of a folder, all of them synced.
    pub(super) fn of(root: &Path, syncs: SyncBehaviour) -> SimulatedDisk {
        let mut disk = SimulatedDisk {
            root: root.to_owned(),
            syncs,
            contents: Vec::new(),
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            unsynced_names: Vec::new(),
        };
        disk.read_folder(root);
        disk
    }

    fn read_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::metadata(&path).unwrap();
            let node = if metadata.is_dir() {
                self.read_folder(&path);
                DiskNode::Folder
            } else {
                self.files
                    .insert(crate::system::files::id_in(&metadata), self.contents.len());
                self.contents.push(FileContent {
                    synced: fs::read(&path).unwrap(),
                    unsynced: Vec::new(),
                });
                DiskNode::File(self.contents.len() - 1)
            };
            self.names.insert(self.within(&path), node);
        }
    }

    /// Applies a change of the real system.
    pub(super) fn make(&mut self, change: &DiskChange<'_>) {
        match change {
            DiskChange::Create => {}
            DiskChange::CreateFolder(path) => {
                let path = self.within(path);
                self.change_name(NameChange::Add(path, DiskNode::Folder));
            }
            DiskChange::Created(path, file) => {
                self.files.insert(*file, self.contents.len());
                let node = DiskNode::File(self.contents.len());
                self.contents.push(FileContent::default());
                let path = self.within(path);
                self.change_name(NameChange::Add(path, node));
            }
            DiskChange::Rename(from, to) => {
                let (from, to) = (self.within(from), self.within(to));
                self.change_name(NameChange::Rename(from, to));
            }
            DiskChange::Remove(path) => {
                let path = self.within(path);
                self.change_name(NameChange::Remove(path));
            }
            DiskChange::SyncFolder(folder) => self.sync_folder(folder),
            DiskChange::Write(file, offset, data) => {
                let offset = usize::try_from(*offset).unwrap();
                let write = ContentChange::Write(offset, data.to_vec());
                self.content(*file).unsynced.push(write);
            }
            DiskChange::SetLen(file, len) => {
                let len = usize::try_from(*len).unwrap();
                self.content(*file)
                    .unsynced
                    .push(ContentChange::SetLen(len));
            }
            DiskChange::Sync(file) => {
                if self.syncs != SyncBehaviour::IgnoresFiles {
                    let content = self.content(*file);
                    content.synced =
                        content.surviving(Survivors::Everything, &mut Rng::with_seed(0));
                    content.unsynced.clear();
                }
            }
        }
    }

    /// Simulates a failed sync. The unsynced writes are lost for good, while programs still see them, because the
    /// kernel counts them as written once it has reported the error (fsync(2), errseq).
    pub(super) fn fail_sync(&mut self, file: FileId) {
        let content = self.content(file);
        content
            .unsynced
            .retain(|change| matches!(change, ContentChange::SetLen(_)));
    }

    /// Copies the disk to another folder, as programs see it after a process was killed. Nothing is lost or synced by
    /// that.
    pub(super) fn copy_to(&self, root: &Path) -> SimulatedDisk {
        let mut copy = SimulatedDisk {
            root: root.to_owned(),
            files: BTreeMap::new(),
            ..self.clone()
        };
        let everything = self.after_power_loss(Survivors::Everything, &mut Rng::with_seed(0));
        everything.write_to(root);
        for (path, node) in everything.nodes {
            if let DiskNode::File(number) = node {
                let metadata = fs::metadata(root.join(path)).unwrap();
                copy.files
                    .insert(crate::system::files::id_in(&metadata), number);
            }
        }
        copy
    }

    /// Returns the surviving data if the power fails now.
    pub(super) fn after_power_loss(&self, survivors: Survivors, random: &mut Rng) -> DiskImage {
        let mut nodes = self.names.clone();
        let mut cut_off = Vec::new();
        for (folder, change) in &self.unsynced_names {
            if cut_off.contains(&folder) {
                continue;
            }
            if survivors.survives(random) {
                change.apply(&mut nodes);
            } else {
                cut_off.push(folder);
            }
        }
        // Everything in a lost folder is lost.
        let names: Vec<PathBuf> = nodes.keys().cloned().collect();
        for name in names {
            let folder = name.parent().unwrap();
            if !folder.as_os_str().is_empty() && !nodes.contains_key(folder) {
                nodes.remove(&name);
            }
        }
        let contents = self.contents.iter();
        let contents = contents
            .map(|content| content.surviving(survivors, random))
            .collect();
        DiskImage { nodes, contents }
    }

    fn change_name(&mut self, change: NameChange) {
        let folder = change.path().parent().unwrap().to_owned();
        self.unsynced_names.push((folder, change));
    }

    fn sync_folder(&mut self, folder: &Path) {
        // Folders above the root contain no changes.
        let Ok(folder) = folder.strip_prefix(&self.root) else {
            return;
        };
        if self.syncs == SyncBehaviour::IgnoresFolders {
            return;
        }
        for (of, change) in std::mem::take(&mut self.unsynced_names) {
            if of == folder {
                change.apply(&mut self.names);
            } else {
                self.unsynced_names.push((of, change));
            }
        }
    }

    fn content(&mut self, file: FileId) -> &mut FileContent {
        &mut self.contents[self.files[&file]]
    }

    fn within(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap().to_owned()
    }
}

impl NameChange {
    fn path(&self) -> &Path {
        match self {
            NameChange::Add(path, _) | NameChange::Rename(path, _) | NameChange::Remove(path) => {
                path
            }
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, DiskNode>) {
        match self {
            NameChange::Add(path, node) => {
                names.insert(path.clone(), *node);
            }
            NameChange::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
            NameChange::Remove(path) => {
                names.remove(path);
            }
        }
    }
}

impl FileContent {
    fn surviving(&self, survivors: Survivors, random: &mut Rng) -> Vec<u8> {
        let mut content = self.synced.clone();
        for change in &self.unsynced {
            match change {
                ContentChange::SetLen(len) => {
                    if survivors.survives(random) {
                        content.resize(*len, 0);
                    }
                }
                ContentChange::Write(offset, data) => {
                    let mut done = 0;
                    while done < data.len() {
                        let at = offset + done;
                        let length = (SECTOR - at % SECTOR).min(data.len() - done);
                        if survivors.survives(random) {
                            let end = content.len().max(at + length);
                            content.resize(end, 0);
                            content[at..at + length].copy_from_slice(&data[done..done + length]);
                        }
                        done += length;
                    }
                }
            }
        }
        content
    }
}

/// The contents of a disk after a power failure.
#[derive(Debug)]
pub(super) struct DiskImage {
    nodes: BTreeMap<PathBuf, DiskNode>,
    contents: Vec<Vec<u8>>,
}

impl DiskImage {
    /// Writes the contents to an empty folder.
    pub(super) fn write_to(&self, root: &Path) {
        // The order of paths puts a folder before its contents.
        for (path, node) in &self.nodes {
            let path = root.join(path);
            match node {
                DiskNode::Folder => fs::create_dir(path).unwrap(),
                DiskNode::File(number) => fs::write(path, &self.contents[*number]).unwrap(),
            }
        }
    }
}
