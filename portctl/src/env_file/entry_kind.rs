//! The kinds of entries of a folder.

use std::io;

/// The kind of an entry of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    Link,
    Other,
}

pub(super) fn not_a_file() -> io::Error {
    io::Error::other("it is not a file")
}
