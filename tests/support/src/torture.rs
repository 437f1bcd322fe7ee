//! Protocol between the torture test and its workers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

/// Range of ports to allocate from.
pub const RANGE: &str = "21000-22999";

/// Path of the file, next to the store, that contains the daemon's address and process id.
pub fn address_note(store: &Path) -> PathBuf {
    store.with_file_name("address")
}

/// Reads the id and the port of an allocation in JSON.
pub fn id_and_port(allocation: &Value) -> (u64, u16) {
    let port = allocation["port"].as_u64().unwrap();
    (allocation["id"].as_u64().unwrap(), port.try_into().unwrap())
}

/// Microseconds since the Unix epoch. All processes share this clock.
pub fn now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap().as_micros().try_into().unwrap()
}

/// One line of a worker's output, which announces a request or reports its result.
#[derive(Clone, Debug, PartialEq)]
pub enum DiaryEntry {
    Allocating {
        service: String,
    },
    Allocated {
        service: String,
        id: u64,
        port: u16,
    },
    Moving {
        service: String,
    },
    Moved {
        service: String,
        id: u64,
        port: u16,
    },
    Releasing {
        service: String,
    },
    Released {
        service: String,
    },
    /// The announced request was refused and had no effect.
    Refused {
        service: String,
    },
    /// Ids and ports of all allocations of all workers.
    Listed {
        rows: Vec<(u64, u16)>,
    },
}

impl DiaryEntry {
    /// Parses the output of [`Display`](fmt::Display). Returns `None` if the text is incomplete.
    pub fn parse(text: &str) -> Option<DiaryEntry> {
        let mut words = text.split(' ');
        let kind = words.next()?;
        let service = words.next()?.to_owned();
        let entry = match kind {
            "allocating" => DiaryEntry::Allocating { service },
            "allocated" => DiaryEntry::Allocated {
                service,
                id: words.next()?.parse().ok()?,
                port: words.next()?.parse().ok()?,
            },
            "moving" => DiaryEntry::Moving { service },
            "moved" => DiaryEntry::Moved {
                service,
                id: words.next()?.parse().ok()?,
                port: words.next()?.parse().ok()?,
            },
            "releasing" => DiaryEntry::Releasing { service },
            "released" => DiaryEntry::Released { service },
            "refused" => DiaryEntry::Refused { service },
            "listed" => {
                let mut rows = Vec::new();
                loop {
                    match words.next()? {
                        "." => break,
                        id => rows.push((id.parse().ok()?, words.next()?.parse().ok()?)),
                    }
                }
                return Some(DiaryEntry::Listed { rows });
            }
            _ => return None,
        };
        (words.next()? == ".").then_some(entry)
    }
}

/// Ends with a full stop, because a killed worker may print only part of a line.
impl fmt::Display for DiaryEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiaryEntry::Allocating { service } => write!(f, "allocating {service} ."),
            DiaryEntry::Allocated { service, id, port } => {
                write!(f, "allocated {service} {id} {port} .")
            }
            DiaryEntry::Moving { service } => write!(f, "moving {service} ."),
            DiaryEntry::Moved { service, id, port } => {
                write!(f, "moved {service} {id} {port} .")
            }
            DiaryEntry::Releasing { service } => write!(f, "releasing {service} ."),
            DiaryEntry::Released { service } => write!(f, "released {service} ."),
            DiaryEntry::Refused { service } => write!(f, "refused {service} ."),
            DiaryEntry::Listed { rows } => {
                write!(f, "listed all")?;
                rows.iter()
                    .try_for_each(|(id, port)| write!(f, " {id} {port}"))?;
                write!(f, " .")
            }
        }
    }
}
