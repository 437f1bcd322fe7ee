//! The limit on open files, which bounds the number of connections.

use super::error::DaemonError;
use crate::limits;

/// Returns the number of connections that may be open. Raises the limit on open files if more are useful
/// and the system allows it.
pub(super) fn max_connections() -> Result<usize, DaemonError> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let wanted = (limits::CONNECTIONS + limits::OTHER_FILES) as u64;
        let limit = getrlimit(Resource::Nofile);
        if limit.current.is_some_and(|current| current < wanted) {
            let current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
            let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
        }
        if let Some(files) = getrlimit(Resource::Nofile).current {
            let files = usize::try_from(files).unwrap_or(usize::MAX);
            let rest = files.saturating_sub(limits::OTHER_FILES);
            if rest == 0 {
                let needed = limits::OTHER_FILES + 1;
                return Err(DaemonError::TooFewFiles { files, needed });
            }
            return Ok(rest.min(limits::CONNECTIONS));
        }
    }
    Ok(limits::CONNECTIONS)
}
