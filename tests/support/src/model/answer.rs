//! Answers of the registry.

use std::fmt::{self, Display};
use std::path::Path;

use port_registry::{Allocation, Error, LabelOrigin, ServiceKey};

/// An allocation without its creation time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    pub id: u64,
    pub key: ServiceKey,
    pub port: u16,
    pub dir: Option<String>,
    pub label_origin: LabelOrigin,
}

/// An answer of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelAnswer {
    Allocated(Record),
    Existing(Record),
    Moved(Record),
    Released(Vec<Record>),
    /// Like [`Released`](ModelAnswer::Released), for a client that learns only the number of allocations.
    Deleted(usize),
    PortTaken(Record),
    ServiceTaken(Record),
    /// The holder, and the checkout that requested its service.
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

impl ModelAnswer {
    /// Translates the library's answer. Returns `None` for errors that the model cannot predict, such as a
    /// busy store.
    pub fn of(answer: &Result<port_registry::Answer, Error>) -> Option<ModelAnswer> {
        use port_registry::Answer as Library;
        Some(match answer {
            Ok(Library::Allocated(it)) => ModelAnswer::Allocated(it.into()),
            Ok(Library::Existing(it)) => ModelAnswer::Existing(it.into()),
            Ok(Library::Moved(it)) => ModelAnswer::Moved(it.into()),
            Ok(Library::Released(them)) => ModelAnswer::Released(Record::of_all(them)),
            Err(Error::PortTaken { holder, .. }) => ModelAnswer::PortTaken((&**holder).into()),
            Err(Error::ServiceTaken { holder, .. }) => {
                ModelAnswer::ServiceTaken((&**holder).into())
            }
            Err(Error::OtherCheckout { holder, wanted, .. }) => {
                ModelAnswer::OtherCheckout((&**holder).into(), text(wanted))
            }
            Err(Error::PortInUse { port, .. }) => ModelAnswer::PortInUse(port.get()),
            Err(Error::NoFreePort { .. }) => ModelAnswer::NoFreePort,
            Err(Error::NotFound { id, .. }) => ModelAnswer::NotFound(id.get()),
            Err(Error::EmptyFilter) => ModelAnswer::EmptyFilter,
            Err(Error::NotApplied) => ModelAnswer::NotApplied,
            Err(Error::Probe { port, .. }) => ModelAnswer::ProbeFailed(port.get()),
            _ => return None,
        })
    }

    /// Returns true if the operation failed, which fails an all-or-nothing batch.
    pub fn is_failure(&self) -> bool {
        !matches!(
            self,
            ModelAnswer::Allocated(_)
                | ModelAnswer::Existing(_)
                | ModelAnswer::Moved(_)
                | ModelAnswer::Released(_)
                | ModelAnswer::Deleted(_)
                | ModelAnswer::Found(_)
                | ModelAnswer::Listed(_)
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
            label_origin: allocation.label_origin,
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

impl Display for ModelAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |records: &[Record]| {
            let records: Vec<_> = records.iter().map(ToString::to_string).collect();
            format!("[{}]", records.join(", "))
        };
        match self {
            ModelAnswer::Allocated(record) => write!(f, "allocated {record}"),
            ModelAnswer::Existing(record) => write!(f, "has {record}"),
            ModelAnswer::Moved(record) => write!(f, "moved {record}"),
            ModelAnswer::Released(records) => write!(f, "released {}", all(records)),
            ModelAnswer::Deleted(number) => write!(f, "released {number}"),
            ModelAnswer::PortTaken(holder) => write!(f, "port taken: {holder}"),
            ModelAnswer::ServiceTaken(holder) => write!(f, "service taken: {holder}"),
            ModelAnswer::OtherCheckout(holder, wanted) => {
                write!(f, "service of another checkout than {wanted}: {holder}")
            }
            ModelAnswer::PortInUse(port) => write!(f, "port {port} in use"),
            ModelAnswer::NoFreePort => f.write_str("no free port"),
            ModelAnswer::NotFound(id) => write!(f, "#{id} not found"),
            ModelAnswer::EmptyFilter => f.write_str("empty filter"),
            ModelAnswer::NotApplied => f.write_str("not applied"),
            ModelAnswer::ProbeFailed(port) => write!(f, "port {port} cannot be probed"),
            ModelAnswer::Found(record) => write!(f, "found {record}"),
            ModelAnswer::Listed(records) => f.write_str(&all(records)),
        }
    }
}
