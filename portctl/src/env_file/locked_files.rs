//! Files of the user that are read and replaced while their folders are locked.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::place::FilePlace;
use super::replace::{FileKind, lock, put_in};
use crate::report::Report;

/// Locks on the folders of files, so that no other portctl replaces them meanwhile. Dropping it unlocks them.
#[derive(Debug, Default)]
pub(crate) struct LockedFiles {
    folders: RefCell<Vec<LockedFolder>>,
}

#[derive(Debug)]
struct LockedFolder {
    identity: Option<(u64, u64)>,
    /// `None` if it could not be locked.
    _lock: Option<File>,
    names: Vec<OsString>,
}

/// A file, or the place for one, whose folder is locked.
#[derive(Debug)]
pub(crate) struct LockedFile<'a> {
    place: &'a FilePlace,
    /// The path in errors.
    shown: &'a Path,
    found: Option<File>,
    content: Vec<u8>,
}

/// The outcome of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    Written,
    /// The file had this content already.
    Unchanged,
}

impl LockedFiles {
    /// Locks the folder of a file and reads the file, which need not exist. Fails if it was opened before.
    pub(crate) fn open<'a>(
        &'a self,
        place: &'a FilePlace,
        shown: &'a Path,
    ) -> Result<LockedFile<'a>, Report> {
        self.lock(place, shown)?;
        LockedFile::read(place, shown).map_err(|error| failure(shown, &error))
    }

    fn lock(&self, place: &FilePlace, shown: &Path) -> Result<(), Report> {
        let identity = place.folder.identity();
        let mut folders = self.folders.borrow_mut();
        let known = folders.iter_mut();
        // A second lock of one folder would wait for the first.
        let known = known.filter(|it| it.identity.is_some());
        let Some(known) = known.into_iter().find(|it| it.identity == identity) else {
            folders.push(LockedFolder {
                identity,
                _lock: lock(&place.folder),
                names: vec![place.name.clone()],
            });
            return Ok(());
        };
        if known.names.contains(&place.name) {
            return Err(
                Report::new(format!("{} is named twice", shown.display())).hint("name it once")
            );
        }
        known.names.push(place.name.clone());
        Ok(())
    }
}

impl<'a> LockedFile<'a> {
    fn read(place: &'a FilePlace, shown: &'a Path) -> io::Result<LockedFile<'a>> {
        // Replacing needs write access to the folder only. Opening for writing respects the mode of the file too.
        let mut found = place.folder.file(&place.name)?;
        let mut content = Vec::new();
        if let Some(found) = &mut found {
            found.read_to_end(&mut content)?;
        }
        Ok(LockedFile {
            place,
            shown,
            found,
            content,
        })
    }

    pub(crate) fn content(&self) -> &[u8] {
        &self.content
    }

    /// Replaces the file, atomically and durably, or creates it unless it would be empty. It keeps its mode, its owner and its
    /// access control list.
    ///
    /// All operations are on the folder of the place, which is open. A hard link is separated from its other names, whose
    /// content is not this command's to change.
    pub(crate) fn replace(self, content: &[u8]) -> Result<Replaced, Report> {
        if content == self.content {
            return Ok(Replaced::Unchanged);
        }
        self.write(FileKind::Data, content)
    }

    /// Like [`replace`](Self::replace), but also makes the file executable.
    pub(crate) fn replace_program(self, content: &[u8]) -> Result<Replaced, Report> {
        if content == self.content && self.is_executable() {
            return Ok(Replaced::Unchanged);
        }
        self.write(FileKind::Program, content)
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> Result<(), Report> {
        let FilePlace { folder, name, .. } = self.place;
        let removed = folder.remove(name);
        removed.map_err(|error| failure(self.shown, &error))
    }

    pub(crate) fn exists(&self) -> bool {
        self.found.is_some()
    }

    fn write(self, kind: FileKind, content: &[u8]) -> Result<Replaced, Report> {
        let FilePlace { folder, name, .. } = self.place;
        put_in(folder, name, self.found.as_ref(), kind, content)
            .map_err(|error| failure(self.shown, &error))?;
        Ok(Replaced::Written)
    }

    #[cfg(unix)]
    fn is_executable(&self) -> bool {
        use std::os::unix::fs::PermissionsExt;

        let metadata = self.found.as_ref().map(File::metadata);
        metadata.is_some_and(|it| it.is_ok_and(|it| it.permissions().mode() & 0o100 != 0))
    }

    #[cfg(not(unix))]
    fn is_executable(&self) -> bool {
        true
    }
}

/// Reports that a file could not be read or changed.
fn failure(shown: &Path, error: &io::Error) -> Report {
    let hint = match error.kind() {
        ErrorKind::PermissionDenied => {
            Some("make the file and its folder writable, or run it as their owner")
        }
        ErrorKind::ReadOnlyFilesystem => {
            Some("run it where the file can be written, such as outside of a sandbox")
        }
        _ => None,
    };
    Report::new(format!("{}: {error}", shown.display())).hint_if(hint.map(str::to_owned))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::io::{Error, ErrorKind};
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{FilePlace, LockedFiles, Replaced, failure};
    use crate::report::Report;

    fn append(place: &FilePlace, shown: &str) -> Result<Replaced, Report> {
        let files = LockedFiles::default();
        let file = files.open(place, Path::new(shown))?;
        let content = [file.content(), b"B=1\n"].concat();
        file.replace(&content)
    }

    #[test]
    fn files_of_one_folder_are_locked_together_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let places = ["a", "b"].map(|it| FilePlace::find(&root, &root.join(it)).unwrap());
        let files = LockedFiles::default();
        let [a, b] = [&places[0], &places[1]].map(|it| files.open(it, Path::new("x")).unwrap());
        assert!(files.open(&places[0], Path::new("x")).is_err());
        assert_eq!(a.replace(b"A").unwrap(), Replaced::Written);
        assert_eq!(b.replace(b"").unwrap(), Replaced::Unchanged);
        let names = fs::read_dir(&root).unwrap();
        assert_eq!(names.count(), 1);
    }

    #[test]
    fn forbidden_file_is_reported_with_the_next_step() {
        let hint = |kind: ErrorKind| failure(Path::new(".env"), &Error::from(kind)).hint;
        let denied = hint(ErrorKind::PermissionDenied).unwrap();
        assert!(denied.starts_with("make the file and its folder writable"));
        assert_eq!(hint(ErrorKind::StorageFull), None);
    }

    #[test]
    fn file_with_the_same_content_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let file = root.join(".env");
        fs::write(&file, "A=1\n").unwrap();
        let place = FilePlace::find(&root, &file).unwrap();
        let files = LockedFiles::default();
        let opened = files.open(&place, Path::new(".env")).unwrap();
        assert_eq!(opened.replace(b"A=1\n").unwrap(), Replaced::Unchanged);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn folder_and_file_that_become_links_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let [root, outside] = ["root", "outside"].map(|name| path.join(name));
        for folder in [&root.join("sub"), &outside] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(".env"), "A=1\n").unwrap();
        }
        let place = FilePlace::find(&root, &root.join("sub/.env")).unwrap();
        fs::rename(root.join("sub"), root.join("moved")).unwrap();
        symlink(&outside, root.join("sub")).unwrap();
        append(&place, "sub/.env").unwrap();
        let moved = root.join("moved/.env");
        assert_eq!(fs::read(&moved).unwrap(), b"A=1\nB=1\n");

        fs::remove_file(&moved).unwrap();
        symlink(outside.join(".env"), &moved).unwrap();
        assert!(append(&place, "sub/.env").is_err());
        assert!(moved.is_symlink());
        assert_eq!(fs::read(outside.join(".env")).unwrap(), b"A=1\n");
    }
}
