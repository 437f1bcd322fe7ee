//! The registry as two maps and the next id.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use port_registry::{Atomicity, Filter, ServiceKey, Verdict};

use super::{ModelAnswer, Operation, Record, Want};
use crate::checker::Sequential;

/// The environment that the registry's answers depend on.
pub trait World {
    /// Ports to choose from, most preferred first.
    fn ports(&self) -> impl Iterator<Item = u16>;

    /// The system's verdict on a port. Returns `None` if the probe fails.
    fn verdict(&self, port: u16) -> Option<Verdict>;

    fn has_dir(&self, dir: &str) -> bool;
}

/// A range of free, equally preferred ports, on a machine where every directory exists.
impl World for RangeInclusive<u16> {
    fn ports(&self) -> impl Iterator<Item = u16> {
        self.clone()
    }

    fn verdict(&self, _port: u16) -> Option<Verdict> {
        Some(Verdict::Free)
    }

    fn has_dir(&self, _dir: &str) -> bool {
        true
    }
}

impl<W: World> World for &W {
    fn ports(&self) -> impl Iterator<Item = u16> {
        (*self).ports()
    }

    fn verdict(&self, port: u16) -> Option<Verdict> {
        (*self).verdict(port)
    }

    fn has_dir(&self, dir: &str) -> bool {
        (*self).has_dir(dir)
    }
}

/// A registry in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model<W> {
    world: W,
    by_id: BTreeMap<u64, Record>,
    by_port: BTreeMap<u16, u64>,
    next_id: u64,
}

impl<W: World> Model<W> {
    pub fn new(world: W) -> Model<W> {
        Model {
            world,
            by_id: BTreeMap::new(),
            by_port: BTreeMap::new(),
            next_id: 1,
        }
    }

    pub fn ask(&mut self, op: &Operation) -> ModelAnswer {
        match op {
            Operation::Allocate(want) => match self.by_key(&want.key) {
                Some(holder) => self.service_taken(want, holder),
                None => self.place(want),
            },
            Operation::GetOrAllocate(want) => match self.by_key(&want.key).cloned() {
                Some(holder) => self.keep(want, holder),
                None => self.place(want),
            },
            Operation::Release(id) => match self.by_id.get(id).cloned() {
                Some(record) => self.remove(vec![record]),
                None => ModelAnswer::NotFound(*id),
            },
            Operation::ReleaseMatching(filter) if *filter == Filter::new() => {
                ModelAnswer::EmptyFilter
            }
            Operation::ReleaseMatching(filter) => self.remove(self.matching(filter)),
            Operation::Find(id) => match self.by_id.get(id) {
                Some(record) => ModelAnswer::Found(record.clone()),
                None => ModelAnswer::NotFound(*id),
            },
            Operation::List(filter) => ModelAnswer::Listed(self.matching(filter)),
        }
    }

    pub fn ask_all(&mut self, ops: &[Operation], atomicity: Atomicity) -> Vec<ModelAnswer>
    where
        W: Clone,
    {
        let before = self.clone();
        let mut answers: Vec<_> = ops.iter().map(|op| self.ask(op)).collect();
        if atomicity == Atomicity::AllOrNothing && answers.iter().any(ModelAnswer::is_failure) {
            *self = before;
            for answer in answers.iter_mut().filter(|answer| !answer.is_failure()) {
                *answer = ModelAnswer::NotApplied;
            }
        }
        answers
    }

    /// All allocations, in order of their ids.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.by_id.values()
    }

    pub fn by_port(&self, port: u16) -> Option<&Record> {
        self.by_port.get(&port).map(|id| &self.by_id[id])
    }

    pub fn by_key(&self, key: &ServiceKey) -> Option<&Record> {
        self.by_id.values().find(|record| record.key == *key)
    }

    fn matching(&self, filter: &Filter) -> Vec<Record> {
        let same = |wanted: Option<&str>, name: &str| wanted.is_none() || wanted == Some(name);
        let records = self.by_id.values().filter(|it| {
            same(filter.app(), it.key.app())
                && same(filter.instance(), it.key.instance())
                && same(filter.service(), it.key.service())
                && filter.port().is_none_or(|port| port.get() == it.port)
        });
        records.cloned().collect()
    }

    /// Describes the conflict with the existing allocation of a service.
    fn service_taken(&self, want: &Want, holder: &Record) -> ModelAnswer {
        match (&want.dir, &holder.dir) {
            (Some(wanted), Some(held)) if wanted != held && self.world.has_dir(held) => {
                ModelAnswer::OtherCheckout(holder.clone(), wanted.clone())
            }
            _ => ModelAnswer::ServiceTaken(holder.clone()),
        }
    }

    /// Returns the existing allocation of a service, or a conflict if it does not match the request.
    fn keep(&mut self, want: &Want, holder: Record) -> ModelAnswer {
        let taken = self.service_taken(want, &holder);
        if matches!(taken, ModelAnswer::OtherCheckout(..))
            || want.port.is_some_and(|port| port != holder.port)
        {
            return taken;
        }
        let dir = want.dir.clone().or(holder.dir.clone());
        let record = Record { dir, ..holder };
        self.by_id.insert(record.id, record.clone());
        ModelAnswer::Existing(record)
    }

    /// Allocates a port to a service that has none.
    fn place(&mut self, want: &Want) -> ModelAnswer {
        let port = match want.port {
            Some(port) => self.requested(port, want.adopt),
            None => self.best_free(),
        };
        let port = match port {
            Ok(port) => port,
            Err(refused) => return *refused,
        };
        let record = Record {
            id: self.next_id,
            key: want.key.clone(),
            port,
            dir: want.dir.clone(),
        };
        self.next_id += 1;
        self.by_port.insert(port, record.id);
        self.by_id.insert(record.id, record.clone());
        ModelAnswer::Allocated(record)
    }

    fn requested(&self, port: u16, adopt: bool) -> Result<u16, Box<ModelAnswer>> {
        if let Some(holder) = self.by_port(port) {
            return Err(Box::new(ModelAnswer::PortTaken(holder.clone())));
        }
        match self.world.verdict(port) {
            _ if adopt => Ok(port),
            Some(Verdict::Free | Verdict::Denied) => Ok(port),
            Some(Verdict::Busy) => Err(Box::new(ModelAnswer::PortInUse(port))),
            None => Err(Box::new(ModelAnswer::ProbeFailed(port))),
        }
    }

    fn best_free(&self) -> Result<u16, Box<ModelAnswer>> {
        let mut ports = self.world.ports();
        let answer = ports.find_map(|port| match self.world.verdict(port) {
            _ if self.by_port.contains_key(&port) => None,
            Some(Verdict::Free) => Some(Ok(port)),
            Some(Verdict::Busy | Verdict::Denied) => None,
            None => Some(Err(Box::new(ModelAnswer::ProbeFailed(port)))),
        });
        answer.unwrap_or_else(|| Err(Box::new(ModelAnswer::NoFreePort)))
    }

    fn remove(&mut self, records: Vec<Record>) -> ModelAnswer {
        for record in &records {
            self.by_id.remove(&record.id);
            self.by_port.remove(&record.port);
        }
        ModelAnswer::Released(records)
    }
}

impl<W: World + Clone + Eq + std::hash::Hash> Sequential for Model<W> {
    type Op = Operation;
    type Answer = ModelAnswer;

    fn step(&self, op: &Operation, answer: Option<&ModelAnswer>) -> Option<Self> {
        let mut next = self.clone();
        let expected = next.ask(op);
        let is_right = match (answer, &expected) {
            (None, _) => true,
            (Some(ModelAnswer::Deleted(number)), ModelAnswer::Released(records)) => {
                *number == records.len()
            }
            (Some(answer), expected) => answer == expected,
        };
        is_right.then_some(next)
    }
}
