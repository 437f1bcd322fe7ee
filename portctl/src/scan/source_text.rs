//! Reads the text of a project's file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads a UTF-8 file of at most 4 MiB, without its byte order mark. Larger files are not configuration.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    const MAX_BYTES: u64 = 4 << 20;
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(io::Error::other("it is larger than 4 MiB"));
    }
    // Files of procfs report a length of 0 and may never end, so do not read those.
    let mut text = Vec::new();
    if metadata.len() > 0 {
        File::open(path)?.take(MAX_BYTES).read_to_end(&mut text)?;
    }
    let text = String::from_utf8(text).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}
