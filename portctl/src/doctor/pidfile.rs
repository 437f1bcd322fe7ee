//! Checks the pidfile. Other programs read the daemon's process id from it; it may be stale or wrong.

use std::fs;
use std::path::Path;

use port_registry::daemon::{Presence, lock_of};

use super::finding::{Finding, Issue};
use crate::daemon;
use crate::output::wording;

const CHECK: &str = "pidfile";

/// Limit in bytes, larger than any process id.
const MAX_BYTES: u64 = 32;

pub(super) fn check() -> Finding {
    match daemon::pidfile() {
        Ok(pidfile) => check_file(&pidfile),
        Err(report) => Issue::warning_of(report.prefixed("not checked")).of(CHECK),
    }
}

fn check_file(pidfile: &Path) -> Finding {
    let path = pidfile.display();
    // Read the pidfile before and after, because a daemon may write it meanwhile.
    let before = content_of(pidfile);
    let presence = Presence::of(pidfile);
    let content = content_of(pidfile);
    let Some(content) = content.filter(|_| before == content) else {
        return Finding::ok(CHECK, format!("{path} does not exist"));
    };
    match presence {
        Ok(Presence::Running { pid, .. }) if content == PidfileContent::Process(pid) => {
            Finding::ok(CHECK, format!("{path} names process {pid}"))
        }
        Ok(Presence::Running { pid, .. }) => Issue::warning(format!(
            "{path} {}, but {} names process {pid}",
            content.description(),
            lock_of(pidfile).display()
        ))
        .hint("harmless, because portctl does not rely on it; `portctl restart` rewrites it")
        .of(CHECK),
        Ok(Presence::Absent) => Issue::warning(format!(
            "{path} {}, but no daemon holds {}",
            content.description(),
            lock_of(pidfile).display()
        ))
        .hint(format!(
            "harmless, because portctl does not rely on it; `rm {}` removes it",
            wording::quoted(&path.to_string())
        ))
        .of(CHECK),
        Ok(Presence::Starting) => Finding::ok(
            CHECK,
            format!("{path}: a daemon is starting and will write it"),
        ),
        Err(error) => Issue::warning(format!(
            "{path} {}, and portctl cannot tell whether a daemon runs: {error}",
            content.description()
        ))
        .of(CHECK),
    }
}

/// Content of a pidfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PidfileContent {
    Process(u32),
    Other,
    /// Links, pipes and other special files are not read.
    NotAFile,
}

impl PidfileContent {
    fn description(self) -> String {
        match self {
            PidfileContent::Process(pid) => format!("names process {pid}"),
            PidfileContent::Other => "names no process".to_owned(),
            PidfileContent::NotAFile => "is not a regular file".to_owned(),
        }
    }
}

/// Returns `None` if the pidfile does not exist.
fn content_of(pidfile: &Path) -> Option<PidfileContent> {
    let metadata = fs::symlink_metadata(pidfile).ok()?;
    if !metadata.is_file() {
        return Some(PidfileContent::NotAFile);
    }
    if metadata.len() > MAX_BYTES {
        return Some(PidfileContent::Other);
    }
    let text = fs::read_to_string(pidfile).unwrap_or_default();
    Some(
        text.trim()
            .parse()
            .map_or(PidfileContent::Other, PidfileContent::Process),
    )
}
