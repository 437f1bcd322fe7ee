//! Files that are put back.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The contents of a folder.
#[derive(PartialEq)]
pub(super) struct Files(BTreeMap<PathBuf, Entry>);

#[derive(PartialEq)]
enum Entry {
    Folder(Permissions),
    File(Permissions, Vec<u8>),
    Link(PathBuf),
}

impl Files {
    /// Reads the contents of some folders.
    pub(super) fn in_folders(folders: &[PathBuf]) -> Files {
        let mut files = Files(BTreeMap::new());
        for folder in folders {
            files.add(folder);
        }
        files
    }

    fn add(&mut self, path: &Path) {
        let metadata = fs::symlink_metadata(path).unwrap();
        let permissions = metadata.permissions();
        let entry = if metadata.is_dir() {
            for inside in fs::read_dir(path).unwrap() {
                self.add(&inside.unwrap().path());
            }
            Entry::Folder(permissions)
        } else if metadata.is_symlink() {
            Entry::Link(fs::read_link(path).unwrap())
        } else {
            assert!(metadata.is_file(), "{}", path.display());
            Entry::File(permissions, fs::read(path).unwrap())
        };
        self.0.insert(path.to_owned(), entry);
    }

    /// Replaces the folders, unless they have these contents already.
    pub(super) fn put_back(&self, folders: &[PathBuf]) {
        if Files::in_folders(folders) == *self {
            return;
        }
        for folder in folders {
            fs::remove_dir_all(folder).unwrap();
        }
        // A folder comes before its contents.
        for (path, entry) in &self.0 {
            match entry {
                Entry::Folder(_) => fs::create_dir(path).unwrap(),
                Entry::File(_, content) => fs::write(path, content).unwrap(),
                Entry::Link(target) => symlink(target, path).unwrap(),
            }
            if let Entry::Folder(permissions) | Entry::File(permissions, _) = entry {
                fs::set_permissions(path, permissions.clone()).unwrap();
            }
        }
    }
}
