//! Files and folders that only this user may access, and the identity of files.

use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Restricts a file that is created with these options to its owner.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Creates a folder and its missing parents, restricted to their owner. Existing folders stay unchanged.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Returns the path with `suffix` appended to the file name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The identity of a file, which differs from that of a later file with the same name. On systems without inodes all
/// files have the same one.
pub(crate) type FileId = (u64, u64);

/// Returns the identity of the file that has this name, or `None` if there is none.
pub(crate) fn id_at(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|metadata| id_in(&metadata))
}

#[cfg(unix)]
pub(crate) fn id_in(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
pub(crate) fn id_in(_metadata: &Metadata) -> FileId {
    (0, 0)
}
