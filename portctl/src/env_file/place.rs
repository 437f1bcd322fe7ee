//! The place of a file in a checkout.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::entry_kind::{EntryKind, not_a_file};
use super::folder::Folder;

/// The number of links after which they count as a loop, as on Linux.
const MAX_LINKS: usize = 40;

/// Entries that a folder has if it may be the root of another checkout.
pub(crate) const ROOT_MARKERS: [&str; 2] = [".git", "portctl.toml"];

/// The name of a file in an open folder of a checkout. There need not be such a file.
#[derive(Debug)]
pub(crate) struct FilePlace {
    pub(super) folder: Folder,
    pub(super) name: OsString,
    folder_path: PathBuf,
    marked: Option<PathBuf>,
}

/// The reason why a path has no place in a checkout.
#[derive(Debug)]
pub(crate) enum PlaceError {
    /// The path leads out of the checkout.
    PathLeaves,
    /// The file is a symbolic link that leads out of the checkout.
    FileLeaves,
    /// A folder in the path is a symbolic link that leads out of the checkout. It is at this path.
    FolderLeaves(PathBuf),
    /// The symbolic link at this path is in a folder that other users can write to.
    SharedLink(PathBuf),
    /// The path leads into a folder named `.git`.
    InsideGit,
    /// The file cannot be reached, or it is not a file.
    Unreachable(io::Error),
}

impl From<io::Error> for PlaceError {
    fn from(error: io::Error) -> PlaceError {
        PlaceError::Unreachable(error)
    }
}

impl FilePlace {
    /// Finds the place of a file, given by an absolute path, in the checkout with this real root. Symbolic links are
    /// followed, as long as they stay in the checkout and nobody else can replace them.
    pub(crate) fn find(root: &Path, file: &Path) -> Result<FilePlace, PlaceError> {
        let rest = parts_below(root, file).ok_or(PlaceError::PathLeaves)?;
        let mut walk = PlaceWalk {
            root,
            folders: vec![Folder::open_real(root)?],
            names: Vec::new(),
            first_link: None,
            links: 0,
            is_link: false,
        };
        walk.go(rest)
    }

    /// Takes a file in a folder, given by its real path, wherever that is.
    pub(crate) fn in_folder(folder: &Path, name: &str) -> io::Result<FilePlace> {
        Ok(FilePlace {
            folder: Folder::open_real(folder)?,
            name: name.into(),
            folder_path: folder.to_owned(),
            marked: None,
        })
    }

    /// The real path of the file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder_path.join(&self.name)
    }

    /// The real path of the nearest folder below the root that may be the root of another checkout.
    pub(crate) fn nearest_marked(&self) -> Option<&Path> {
        self.marked.as_deref()
    }
}

/// A walk through folders that are open, so that none of them can be replaced.
struct PlaceWalk<'a> {
    root: &'a Path,
    /// The root, and the folders to the current one.
    folders: Vec<Folder>,
    /// The names of the folders below the root.
    names: Vec<OsString>,
    first_link: Option<FirstLink>,
    links: usize,
    /// The file is a symbolic link, not only a folder in its path.
    is_link: bool,
}

/// The first symbolic link in a path.
struct FirstLink {
    path: PathBuf,
    is_file: bool,
}

impl PlaceWalk<'_> {
    fn go(&mut self, mut rest: VecDeque<OsString>) -> Result<FilePlace, PlaceError> {
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                self.names.pop().ok_or_else(|| self.leaves())?;
                self.folders.pop();
                continue;
            }
            if part.eq_ignore_ascii_case(".git") {
                return Err(PlaceError::InsideGit);
            }
            let entry = self.here()?.entry(&part)?;
            match entry {
                Some(EntryKind::Link) => {
                    let target = self.follow(&part, rest.is_empty())?;
                    for part in target.into_iter().rev() {
                        rest.push_front(part);
                    }
                }
                _ if !rest.is_empty() => {
                    let folder = self.here()?.subfolder(&part)?;
                    self.folders.push(folder);
                    self.names.push(part);
                }
                None if self.is_link => {
                    return Err(io::Error::other("the symbolic link is broken").into());
                }
                None | Some(EntryKind::File) => return self.place(part),
                Some(EntryKind::Folder | EntryKind::Other) => return Err(not_a_file().into()),
            }
        }
        // The root, or the end of a path that ends with `..`.
        Err(not_a_file().into())
    }

    /// Returns the parts of the path that a symbolic link stands for.
    fn follow(&mut self, name: &OsStr, is_file: bool) -> Result<VecDeque<OsString>, PlaceError> {
        let path = self.path().join(name);
        if self.here()?.is_shared()? {
            return Err(PlaceError::SharedLink(path));
        }
        let target = self.here()?.link(name)?;
        self.first_link.get_or_insert(FirstLink { path, is_file });
        self.links += 1;
        self.is_link |= is_file;
        if self.links > MAX_LINKS {
            return Err(io::Error::other("too many symbolic links").into());
        }
        if !target.has_root() {
            return Ok(parts(&target));
        }
        let rest = parts_below(self.root, &target).ok_or_else(|| self.leaves())?;
        self.folders.truncate(1);
        self.names.clear();
        Ok(rest)
    }

    fn here(&self) -> io::Result<&Folder> {
        let here = self.folders.last();
        here.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn path(&self) -> PathBuf {
        let names = self.names.iter();
        self.root.join(names.collect::<PathBuf>())
    }

    fn leaves(&self) -> PlaceError {
        match &self.first_link {
            None => PlaceError::PathLeaves,
            Some(link) if link.is_file => PlaceError::FileLeaves,
            Some(link) => PlaceError::FolderLeaves(link.path.clone()),
        }
    }

    fn place(&mut self, name: OsString) -> Result<FilePlace, PlaceError> {
        let marked = self.nearest_marked()?;
        let folder_path = self.path();
        let folder = self.folders.pop();
        Ok(FilePlace {
            folder: folder.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?,
            name,
            folder_path,
            marked,
        })
    }

    fn nearest_marked(&self) -> io::Result<Option<PathBuf>> {
        for (depth, folder) in self.folders.iter().enumerate().skip(1).rev() {
            for marker in ROOT_MARKERS {
                if folder.entry(marker.as_ref())?.is_some() {
                    let names = self.names[..depth].iter();
                    return Ok(Some(self.root.join(names.collect::<PathBuf>())));
                }
            }
        }
        Ok(None)
    }
}

/// The parts of a path below the root. Returns `None` if the path does not begin in the root. A part in front of it may
/// be a symbolic link, because the root is opened by its own path.
fn parts_below(root: &Path, path: &Path) -> Option<VecDeque<OsString>> {
    if let Ok(inner) = path.strip_prefix(root) {
        return Some(parts(inner));
    }
    let ancestors: Vec<&Path> = path.ancestors().collect();
    for ancestor in ancestors.into_iter().rev() {
        let Ok(real) = ancestor.canonicalize() else {
            return None;
        };
        if let Ok(inner) = real.strip_prefix(root) {
            let mut found = parts(inner);
            found.append(&mut parts(path.strip_prefix(ancestor).ok()?));
            return Some(found);
        }
    }
    None
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let parts = path.components();
    let parts = parts.filter(|it| matches!(it, Component::Normal(_) | Component::ParentDir));
    parts.map(|it| it.as_os_str().to_owned()).collect()
}
