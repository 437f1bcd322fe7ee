//! Answers of the registry.

use std::fmt::{self, Display};
use std::path::Path;

use port_registry::{Allocation, Error, ServiceKey};

/// An allocation without its time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    pub id: u64,
    pub key: ServiceKey,
    pub port: u16,
    pub dir: Option<String>,
}

/// An answer of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Allocated(Record),
    Existing(Record),
    Released(Vec<Record>),
    /// Like [`Released`](Answer::Released), from a client that tells only the number.
    Deleted(usize),
    PortTaken(Record),
    ServiceTaken(Record),
    /// The holder, and the checkout that wanted its service.
    OtherCheckout(Record, String),
    PortInUse(u16),
    NoFreePort,
    NotFound(u64),
    EmptyFilter,
    /// Another request of the batch failed.
    NotApplied,
    ProbeFailed(u16),
    Found(Record),
    Listed(Vec<Record>),
}

impl Answer {
    /// Translates the library's answer. Returns `None` for errors that no model predicts, such as a store that is
    /// busy.
    pub fn of(answer: &Result<port_registry::Answer, Error>) -> Option<Answer> {
        use port_registry::Answer as Told;
        Some(match answer {
            Ok(Told::Allocated(it)) => Answer::Allocated(it.into()),
            Ok(Told::Existing(it)) => Answer::Existing(it.into()),
            Ok(Told::Released(them)) => Answer::Released(Record::of_all(them)),
            Err(Error::PortTaken { holder, .. }) => Answer::PortTaken((&**holder).into()),
            Err(Error::ServiceTaken { holder, .. }) => Answer::ServiceTaken((&**holder).into()),
            Err(Error::OtherCheckout { holder, wanted, .. }) => {
                Answer::OtherCheckout((&**holder).into(), text(wanted))
            }
            Err(Error::PortInUse { port, .. }) => Answer::PortInUse(port.get()),
            Err(Error::NoFreePort { .. }) => Answer::NoFreePort,
            Err(Error::NotFound { id, .. }) => Answer::NotFound(id.get()),
            Err(Error::EmptyFilter) => Answer::EmptyFilter,
            Err(Error::NotApplied) => Answer::NotApplied,
            Err(Error::Probe { port, .. }) => Answer::ProbeFailed(port.get()),
            _ => return None,
        })
    }

    /// Whether the operation failed, so that a batch of all or nothing fails with it.
    pub fn is_failure(&self) -> bool {
        !matches!(
            self,
            Answer::Allocated(_)
                | Answer::Existing(_)
                | Answer::Released(_)
                | Answer::Deleted(_)
                | Answer::Found(_)
                | Answer::Listed(_)
        )
    }
}

impl Record {
    pub fn of_all(allocations: &[Allocation]) -> Vec<Record> {
        allocations.iter().map(Record::from).collect()
    }
}

impl From<&Allocation> for Record {
    fn from(allocation: &Allocation) -> Record {
        Record {
            id: allocation.id.get(),
            key: allocation.key.clone(),
            port: allocation.port.get(),
            dir: allocation.dir.as_deref().map(text),
        }
    }
}

fn text(dir: &Path) -> String {
    dir.to_str().unwrap().to_owned()
}

impl Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {} {}", self.id, self.key, self.port)
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |records: &[Record]| {
            let records: Vec<_> = records.iter().map(ToString::to_string).collect();
            format!("[{}]", records.join(", "))
        };
        match self {
            Answer::Allocated(record) => write!(f, "allocated {record}"),
            Answer::Existing(record) => write!(f, "has {record}"),
            Answer::Released(records) => write!(f, "released {}", all(records)),
            Answer::Deleted(number) => write!(f, "released {number}"),
            Answer::PortTaken(holder) => write!(f, "port taken: {holder}"),
            Answer::ServiceTaken(holder) => write!(f, "service taken: {holder}"),
            Answer::OtherCheckout(holder, wanted) => {
                write!(f, "service of another checkout than {wanted}: {holder}")
            }
            Answer::PortInUse(port) => write!(f, "port {port} in use"),
            Answer::NoFreePort => f.write_str("no free port"),
            Answer::NotFound(id) => write!(f, "#{id} not found"),
            Answer::EmptyFilter => f.write_str("empty filter"),
            Answer::NotApplied => f.write_str("not applied"),
            Answer::ProbeFailed(port) => write!(f, "port {port} cannot be probed"),
            Answer::Found(record) => write!(f, "found {record}"),
            Answer::Listed(records) => f.write_str(&all(records)),
        }
    }
}
