//! What the registry promises to one client at a time: two plain maps and the next number.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use port_registry::{Allocation, Filter, ServiceKey};

use crate::checker::Sequential;

/// Something that is asked of the registry.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Allocate(Want),
    GetOrAllocate(Want),
    Release(u64),
    ReleaseMatching(Filter),
    Find(u64),
    List(Filter),
}

/// A service, and the port that it is to have, if a certain one.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) key: ServiceKey,
    pub(crate) port: Option<u16>,
}

/// An allocation but for its time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) key: ServiceKey,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Allocated(Record),
    Existing(Record),
    ServiceTaken(Record),
    PortTaken(Record),
    NoFreePort,
    Released(Vec<Record>),
    /// The same, of which only the number was told.
    Deleted(usize),
    Found(Record),
    NotFound,
    Listed(Vec<Record>),
}

/// The registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    /// Where ports are chosen from. All of them are free, and of one class in the order of choice.
    range: RangeInclusive<u16>,
    by_id: BTreeMap<u64, Record>,
    by_port: BTreeMap<u16, u64>,
    next_id: u64,
}

impl Model {
    pub(crate) fn new(range: RangeInclusive<u16>) -> Model {
        Model {
            range,
            by_id: BTreeMap::new(),
            by_port: BTreeMap::new(),
            next_id: 1,
        }
    }

    pub(crate) fn ask(&mut self, op: &Op) -> Answer {
        match op {
            Op::Allocate(want) => match self.by_key(&want.key) {
                Some(holder) => Answer::ServiceTaken(holder.clone()),
                None => self.place(want),
            },
            Op::GetOrAllocate(want) => match self.by_key(&want.key).cloned() {
                Some(holder) if want.port.is_none_or(|port| port == holder.port) => {
                    Answer::Existing(holder)
                }
                Some(holder) => Answer::ServiceTaken(holder),
                None => self.place(want),
            },
            Op::Release(id) => match self.by_id.get(id).cloned() {
                Some(record) => self.remove(vec![record]),
                None => Answer::NotFound,
            },
            Op::ReleaseMatching(filter) => self.remove(self.matching(filter)),
            Op::Find(id) => match self.by_id.get(id) {
                Some(record) => Answer::Found(record.clone()),
                None => Answer::NotFound,
            },
            Op::List(filter) => Answer::Listed(self.matching(filter)),
        }
    }

    fn by_key(&self, key: &ServiceKey) -> Option<&Record> {
        self.by_id.values().find(|record| record.key == *key)
    }

    fn matching(&self, filter: &Filter) -> Vec<Record> {
        let same = |wanted: &Option<String>, name: &str| {
            wanted.is_none() || wanted.as_deref() == Some(name)
        };
        let records = self.by_id.values().filter(|it| {
            same(&filter.app, it.key.app())
                && same(&filter.instance, it.key.instance())
                && same(&filter.service, it.key.service())
                && filter.port.is_none_or(|port| port.get() == it.port)
        });
        records.cloned().collect()
    }

    /// Gives a port to a service that has none.
    fn place(&mut self, want: &Want) -> Answer {
        let holder = want.port.and_then(|port| self.by_port.get(&port));
        if let Some(holder) = holder {
            return Answer::PortTaken(self.by_id[holder].clone());
        }
        let is_free = |port: &u16| !self.by_port.contains_key(port);
        let Some(port) = want.port.or_else(|| self.range.clone().find(is_free)) else {
            return Answer::NoFreePort;
        };
        let record = Record {
            id: self.next_id,
            key: want.key.clone(),
            port,
        };
        self.next_id += 1;
        self.by_port.insert(port, record.id);
        self.by_id.insert(record.id, record.clone());
        Answer::Allocated(record)
    }

    fn remove(&mut self, records: Vec<Record>) -> Answer {
        for record in &records {
            self.by_id.remove(&record.id);
            self.by_port.remove(&record.port);
        }
        Answer::Released(records)
    }
}

impl Sequential for Model {
    type Op = Op;
    type Answer = Answer;

    fn step(&self, op: &Op, answer: Option<&Answer>) -> Option<Model> {
        let mut next = self.clone();
        let said = next.ask(op);
        let is_right = match (answer, &said) {
            (None, _) => true,
            (Some(Answer::Deleted(number)), Answer::Released(records)) => *number == records.len(),
            (Some(answer), said) => answer == said,
        };
        is_right.then_some(next)
    }
}

impl Op {
    pub(crate) fn is_write(&self) -> bool {
        !matches!(self, Op::Find(_) | Op::List(_))
    }
}

impl From<&Allocation> for Record {
    fn from(allocation: &Allocation) -> Record {
        Record {
            id: allocation.id.get(),
            key: allocation.key.clone(),
            port: allocation.port.get(),
        }
    }
}

impl Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} {} {}", self.id, self.key, self.port)
    }
}

impl Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{} {port}", self.key),
            None => write!(f, "{}", self.key),
        }
    }
}

impl Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Allocate(want) => write!(f, "allocate {want}"),
            Op::GetOrAllocate(want) => write!(f, "get or allocate {want}"),
            Op::Release(id) => write!(f, "release #{id}"),
            Op::ReleaseMatching(filter) => write!(f, "release {}", Parts(filter)),
            Op::Find(id) => write!(f, "find #{id}"),
            Op::List(filter) => write!(f, "list {}", Parts(filter)),
        }
    }
}

/// The parts of a filter that are set.
struct Parts<'a>(&'a Filter);

impl Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [&self.0.app, &self.0.instance, &self.0.service];
        let names = names.map(|name| name.as_deref().unwrap_or("*"));
        write!(f, "{}", names.join("/"))?;
        self.0.port.map_or(Ok(()), |port| write!(f, " {port}"))
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
            Answer::ServiceTaken(holder) => write!(f, "service taken: {holder}"),
            Answer::PortTaken(holder) => write!(f, "port taken: {holder}"),
            Answer::NoFreePort => write!(f, "no free port"),
            Answer::Released(records) => write!(f, "released {}", all(records)),
            Answer::Deleted(number) => write!(f, "released {number}"),
            Answer::Found(record) => write!(f, "found {record}"),
            Answer::NotFound => write!(f, "not found"),
            Answer::Listed(records) => write!(f, "{}", all(records)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Model, Op, Record, Want};
    use crate::checker::Sequential;
    use crate::round::key;

    fn want(service: &str, port: Option<u16>) -> Want {
        Want {
            key: key(("shop", service)),
            port,
        }
    }

    fn record(id: u64, service: &str, port: u16) -> Record {
        Record {
            id,
            key: key(("shop", service)),
            port,
        }
    }

    #[test]
    fn the_service_is_looked_at_before_the_port_and_a_failure_uses_no_number_up() {
        let mut model = Model::new(3000..=3001);
        let [web, db, api] = [
            record(1, "web", 3000),
            record(2, "db", 3001),
            record(3, "api", 3005),
        ];
        for (service, port, answer) in [
            ("web", None, Answer::Allocated(web.clone())),
            ("web", Some(3000), Answer::ServiceTaken(web.clone())),
            ("db", Some(3000), Answer::PortTaken(web.clone())),
            ("db", None, Answer::Allocated(db.clone())),
            ("web", Some(3001), Answer::ServiceTaken(web)),
            ("api", None, Answer::NoFreePort),
            ("api", Some(3005), Answer::Allocated(api)),
        ] {
            assert_eq!(model.ask(&Op::Allocate(want(service, port))), answer);
        }
        let other_port = Op::GetOrAllocate(want("db", Some(3000)));
        assert_eq!(model.ask(&other_port), Answer::ServiceTaken(db.clone()));
        let same_port = Op::GetOrAllocate(want("db", Some(3001)));
        assert_eq!(model.ask(&same_port), Answer::Existing(db));
    }

    #[test]
    fn a_port_that_was_released_is_given_again_and_its_number_is_not() {
        let mut model = Model::new(3000..=3001);
        model.ask(&Op::Allocate(want("web", None)));
        let released = model.step(&Op::Release(1), Some(&Answer::Deleted(1)));
        let mut model = released.unwrap();
        assert_eq!(model.step(&Op::Release(1), Some(&Answer::Deleted(1))), None);
        let again = model.ask(&Op::GetOrAllocate(want("web", None)));
        assert_eq!(again, Answer::Allocated(record(2, "web", 3000)));
    }
}
