//! The language between the torture test and its workers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

/// The ports that are given out.
pub const RANGE: &str = "21000-22999";

/// The file in which a daemon's address and process id are noted, next to its store.
pub fn address_note(store: &Path) -> PathBuf {
    store.with_file_name("address")
}

/// The id and the port of an allocation as JSON.
pub fn id_and_port(allocation: &Value) -> (u64, u16) {
    let port = allocation["port"].as_u64().unwrap();
    (allocation["id"].as_u64().unwrap(), port.try_into().unwrap())
}

/// Microseconds of the clock that all processes share.
pub fn now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap().as_micros().try_into().unwrap()
}

/// A line of a worker: what it is about to do, or what came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Allocating {
        service: String,
    },
    Allocated {
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
    /// What it was about to do was refused, and has had no effect.
    Refused {
        service: String,
    },
    /// The number and the port of what everybody holds.
    Listed {
        rows: Vec<(u64, u16)>,
    },
}

impl Entry {
    /// What is printed by [`Display`](fmt::Display); `None` for half of it.
    pub fn parse(text: &str) -> Option<Entry> {
        let mut words = text.split(' ');
        let what = words.next()?;
        let service = words.next()?.to_owned();
        let entry = match what {
            "allocating" => Entry::Allocating { service },
            "allocated" => Entry::Allocated {
                service,
                id: words.next()?.parse().ok()?,
                port: words.next()?.parse().ok()?,
            },
            "releasing" => Entry::Releasing { service },
            "released" => Entry::Released { service },
            "refused" => Entry::Refused { service },
            "listed" => {
                let mut rows = Vec::new();
                while let Some(id) = words.next().filter(|word| *word != ".") {
                    rows.push((id.parse().ok()?, words.next()?.parse().ok()?));
                }
                return Some(Entry::Listed { rows });
            }
            _ => return None,
        };
        (words.next()? == ".").then_some(entry)
    }
}

/// Ends with a full stop, by which a whole one is told from half of one.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Allocating { service } => write!(f, "allocating {service} ."),
            Entry::Allocated { service, id, port } => {
                write!(f, "allocated {service} {id} {port} .")
            }
            Entry::Releasing { service } => write!(f, "releasing {service} ."),
            Entry::Released { service } => write!(f, "released {service} ."),
            Entry::Refused { service } => write!(f, "refused {service} ."),
            Entry::Listed { rows } => {
                write!(f, "listed all")?;
                rows.iter()
                    .try_for_each(|(id, port)| write!(f, " {id} {port}"))?;
                write!(f, " .")
            }
        }
    }
}
