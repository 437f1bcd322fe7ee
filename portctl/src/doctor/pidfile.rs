//! The pidfile, which tells others which process the daemon is, and may be wrong.

use std::fs;
use std::path::Path;

use port_registry::daemon::{Presence, default_pidfile, lock_of};

use super::finding::{Finding, Issue};
use crate::wording;

const CHECK: &str = "pidfile";

/// More bytes than a number takes.
const LONGEST: u64 = 32;

pub(super) fn check() -> Finding {
    match default_pidfile() {
        Ok(pidfile) => look(&pidfile),
        Err(error) => Issue::warning(format!("not looked at: {error}")).of(CHECK),
    }
}

fn look(pidfile: &Path) -> Finding {
    let path = pidfile.display();
    let before = said_by(pidfile);
    let presence = Presence::of(pidfile);
    let said = said_by(pidfile);
    let Some(said) = said.filter(|_| before == said) else {
        return Finding::ok(CHECK, format!("{path}: there is none"));
    };
    match presence {
        Ok(Presence::Running { pid, .. }) if said == Said::Process(pid) => {
            Finding::ok(CHECK, format!("{path}: names process {pid}"))
        }
        Ok(Presence::Running { pid, .. }) => Issue::warning(format!(
            "{path} {}, but the daemon is process {pid}",
            said.told()
        ))
        .hint("it is harmless: nothing is decided by it; `portctl restart` writes it anew")
        .of(CHECK),
        Ok(Presence::Absent) => Issue::warning(format!(
            "{path} {}, but no daemon holds {}",
            said.told(),
            lock_of(pidfile).display()
        ))
        .hint(format!(
            "it is harmless: nothing is decided by it; `rm {}` removes it",
            wording::quoted(&path.to_string())
        ))
        .of(CHECK),
        Ok(Presence::Starting) => Finding::ok(
            CHECK,
            format!("{path}: a daemon that is starting writes it"),
        ),
        Err(error) => Issue::warning(format!(
            "{path} {}, and whether a daemon runs cannot be told: {error}",
            said.told()
        ))
        .of(CHECK),
    }
}

/// What a pidfile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Process(u32),
    Something,
    /// A link, a pipe and the like are not read.
    NotAFile,
}

impl Said {
    fn told(self) -> String {
        match self {
            Said::Process(pid) => format!("names process {pid}"),
            Said::Something => "names no process".to_owned(),
            Said::NotAFile => "is no file".to_owned(),
        }
    }
}

/// `None` if there is no pidfile.
fn said_by(pidfile: &Path) -> Option<Said> {
    let metadata = fs::symlink_metadata(pidfile).ok()?;
    if !metadata.is_file() {
        return Some(Said::NotAFile);
    }
    if metadata.len() > LONGEST {
        return Some(Said::Something);
    }
    let text = fs::read_to_string(pidfile).unwrap_or_default();
    Some(text.trim().parse().map_or(Said::Something, Said::Process))
}
