//! A disk that loses what was not synced when the power fails.
//!
//! Of the contents of a file, what is left is what was synced, and of later writes any sectors. Of the
//! names in a folder, those that were there when it was last synced, and of later changes to them the
//! first few: file systems keep them in order, one way or another (a journal, say).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::store::disk::witness::Change;
use crate::system::files::FileId;
use fastrand::Rng;

/// What disks write as a whole, in bytes.
const SECTOR: usize = 512;

/// Whether the disk does what it is told by a sync of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syncs {
    AllDone,
    /// A disk that lies. The tests must notice.
    OfFilesIgnored,
    /// The same, of folders.
    OfFoldersIgnored,
}

/// Everything below one folder.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    root: PathBuf,
    syncs: Syncs,
    contents: Vec<Content>,
    /// Which content is in which file of the real system.
    files: BTreeMap<FileId, usize>,
    names: BTreeMap<PathBuf, Node>,
    unsynced_names: Vec<(PathBuf, NameChange)>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Add(PathBuf, Node),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Clone, Debug, Default)]
struct Content {
    synced: Vec<u8>,
    unsynced: Vec<ContentChange>,
}

#[derive(Clone, Debug)]
enum ContentChange {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

/// How much of what was not synced is left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left {
    Nothing,
    Everything,
    /// So many of a hundred sectors, at random.
    Percent(u64),
}

impl Left {
    fn is_left(self, random: &mut Rng) -> bool {
        match self {
            Left::Nothing => false,
            Left::Everything => true,
            Left::Percent(percent) => random.u64(..100) < percent,
        }
    }
}

impl Disk {
    /// A disk that holds what is in a folder, all of it synced.
    pub(super) fn of(root: &Path, syncs: Syncs) -> Disk {
        let mut disk = Disk {
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
                Node::Folder
            } else {
                self.files
                    .insert(crate::system::files::id_in(&metadata), self.contents.len());
                self.contents.push(Content {
                    synced: fs::read(&path).unwrap(),
                    unsynced: Vec::new(),
                });
                Node::File(self.contents.len() - 1)
            };
            self.names.insert(self.within(&path), node);
        }
    }

    /// Makes the change that was made on the real system.
    pub(super) fn make(&mut self, change: &Change<'_>) {
        match change {
            Change::Create => {}
            Change::CreateFolder(path) => {
                let path = self.within(path);
                self.change_name(NameChange::Add(path, Node::Folder));
            }
            Change::Created(path, file) => {
                self.files.insert(*file, self.contents.len());
                let node = Node::File(self.contents.len());
                self.contents.push(Content::default());
                let path = self.within(path);
                self.change_name(NameChange::Add(path, node));
            }
            Change::Rename(from, to) => {
                let (from, to) = (self.within(from), self.within(to));
                self.change_name(NameChange::Rename(from, to));
            }
            Change::Remove(path) => {
                let path = self.within(path);
                self.change_name(NameChange::Remove(path));
            }
            Change::SyncFolder(folder) => self.sync_folder(folder),
            Change::Write(file, offset, data) => {
                let offset = usize::try_from(*offset).unwrap();
                let write = ContentChange::Write(offset, data.to_vec());
                self.content(*file).unsynced.push(write);
            }
            Change::SetLen(file, len) => {
                let len = usize::try_from(*len).unwrap();
                self.content(*file)
                    .unsynced
                    .push(ContentChange::SetLen(len));
            }
            Change::Sync(file) => {
                if self.syncs != Syncs::OfFilesIgnored {
                    let content = self.content(*file);
                    content.synced = content.left(Left::Everything, &mut Rng::with_seed(0));
                    content.unsynced.clear();
                }
            }
        }
    }

    /// A sync that fails: what was written is lost for good, while programs still see it. The kernel
    /// takes it for written once it has told the error (fsync(2), errseq).
    pub(super) fn fail_sync(&mut self, file: FileId) {
        let content = self.content(file);
        content
            .unsynced
            .retain(|change| matches!(change, ContentChange::SetLen(_)));
    }

    /// The disk as the other programs see it, in another folder: nothing is lost when one is killed,
    /// and nothing is synced by that.
    pub(super) fn copy_to(&self, root: &Path) -> Disk {
        let mut copy = Disk {
            root: root.to_owned(),
            files: BTreeMap::new(),
            ..self.clone()
        };
        let everything = self.after_power_loss(Left::Everything, &mut Rng::with_seed(0));
        everything.write_to(root);
        for (path, node) in everything.nodes {
            if let Node::File(number) = node {
                let metadata = fs::metadata(root.join(path)).unwrap();
                copy.files
                    .insert(crate::system::files::id_in(&metadata), number);
            }
        }
        copy
    }

    /// What is left when the power fails now.
    pub(super) fn after_power_loss(&self, left: Left, random: &mut Rng) -> Image {
        let mut nodes = self.names.clone();
        let mut cut_off = Vec::new();
        for (folder, change) in &self.unsynced_names {
            if cut_off.contains(&folder) {
                continue;
            }
            if left.is_left(random) {
                change.apply(&mut nodes);
            } else {
                cut_off.push(folder);
            }
        }
        // What is in a folder that is gone is gone.
        let names: Vec<PathBuf> = nodes.keys().cloned().collect();
        for name in names {
            let folder = name.parent().unwrap();
            if !folder.as_os_str().is_empty() && !nodes.contains_key(folder) {
                nodes.remove(&name);
            }
        }
        let contents = self.contents.iter();
        let contents = contents.map(|content| content.left(left, random)).collect();
        Image { nodes, contents }
    }

    fn change_name(&mut self, change: NameChange) {
        let folder = change.path().parent().unwrap().to_owned();
        self.unsynced_names.push((folder, change));
    }

    fn sync_folder(&mut self, folder: &Path) {
        // Those above the root hold nothing that was made here.
        let Ok(folder) = folder.strip_prefix(&self.root) else {
            return;
        };
        if self.syncs == Syncs::OfFoldersIgnored {
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

    fn content(&mut self, file: FileId) -> &mut Content {
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

    fn apply(&self, names: &mut BTreeMap<PathBuf, Node>) {
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

impl Content {
    fn left(&self, left: Left, random: &mut Rng) -> Vec<u8> {
        let mut content = self.synced.clone();
        for change in &self.unsynced {
            match change {
                ContentChange::SetLen(len) => {
                    if left.is_left(random) {
                        content.resize(*len, 0);
                    }
                }
                ContentChange::Write(offset, data) => {
                    let mut done = 0;
                    while done < data.len() {
                        let at = offset + done;
                        let length = (SECTOR - at % SECTOR).min(data.len() - done);
                        // Beyond the end it does not show.
                        if left.is_left(random) && at + length <= content.len() {
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

/// What is on a disk after the power has failed.
#[derive(Debug)]
pub(super) struct Image {
    nodes: BTreeMap<PathBuf, Node>,
    contents: Vec<Vec<u8>>,
}

impl Image {
    /// Puts it into an empty folder.
    pub(super) fn write_to(&self, root: &Path) {
        // Folders come before what is in them.
        for (path, node) in &self.nodes {
            let path = root.join(path);
            match node {
                Node::Folder => fs::create_dir(path).unwrap(),
                Node::File(number) => fs::write(path, &self.contents[*number]).unwrap(),
            }
        }
    }
}
