//! The address of a daemon's Unix socket.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::AddressError;

const PREFIX: &str = "unix:";

/// The absolute path of a Unix socket, short enough for the system. Displayed as `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketPath {
    path: PathBuf,
}

impl SocketPath {
    /// Returns the text after `unix:`, or `None` if a text does not begin with that.
    pub(super) fn strip_prefix(text: &OsStr) -> Option<OsString> {
        let lossy = text.to_string_lossy();
        let rest = lossy.strip_prefix(PREFIX)?;
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;

            let _ = rest;
            let path = text.as_bytes().get(PREFIX.len()..)?;
            Some(OsStr::from_bytes(path).to_owned())
        }
        #[cfg(not(unix))]
        Some(OsString::from(rest))
    }

    pub(crate) fn new(path: &Path) -> Result<SocketPath, AddressError> {
        if cfg!(not(unix)) {
            return Err(AddressError::NoSockets);
        }
        let text = path.as_os_str();
        if text.is_empty() {
            return Err(AddressError::EmptyPath);
        }
        if !path.is_absolute() {
            return Err(AddressError::RelativePath);
        }
        if text.to_string_lossy().starts_with("//") {
            return Err(AddressError::UrlOfSocket);
        }
        let limit = max_length();
        if text.len() > limit {
            let length = text.len();
            return Err(AddressError::TooLongPath { length, limit });
        }
        Ok(SocketPath {
            path: path.to_owned(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The longest path that `sockaddr_un` takes, in bytes, before the final 0.
fn max_length() -> usize {
    if cfg!(any(target_os = "linux", target_os = "android")) {
        107
    } else {
        103
    }
}

impl fmt::Display for SocketPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.path.display())
    }
}
