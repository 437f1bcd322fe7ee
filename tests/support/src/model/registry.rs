//! The registry as two plain maps and the next id.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use port_registry::{Atomicity, Filter, ServiceKey, Verdict};

use super::{Answer, Op, Record, Want};
use crate::checker::Sequential;

/// The surroundings of a registry, on which its answers depend.
pub trait World {
    /// The ports to choose from, in the order of choice.
    fn ports(&self) -> impl Iterator<Item = u16>;

    /// What the system says of a port. `None` stands for an error.
    fn verdict(&self, port: u16) -> Option<Verdict>;

    fn has_dir(&self, dir: &str) -> bool;
}

/// Ports of one class in the order of choice, all of them free, on a machine that has every directory.
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

/// The registry.
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

    pub fn ask(&mut self, op: &Op) -> Answer {
        match op {
            Op::Allocate(want) => match self.by_key(&want.key) {
                Some(holder) => self.service_taken(want, holder),
                None => self.place(want),
            },
            Op::GetOrAllocate(want) => match self.by_key(&want.key).cloned() {
                Some(holder) => self.keep(want, holder),
                None => self.place(want),
            },
            Op::Release(id) => match self.by_id.get(id).cloned() {
                Some(record) => self.remove(vec![record]),
                None => Answer::NotFound(*id),
            },
            Op::ReleaseMatching(filter) if *filter == Filter::new() => Answer::EmptyFilter,
            Op::ReleaseMatching(filter) => self.remove(self.matching(filter)),
            Op::Find(id) => match self.by_id.get(id) {
                Some(record) => Answer::Found(record.clone()),
                None => Answer::NotFound(*id),
            },
            Op::List(filter) => Answer::Listed(self.matching(filter)),
        }
    }

    pub fn ask_all(&mut self, ops: &[Op], atomicity: Atomicity) -> Vec<Answer>
    where
        W: Clone,
    {
        let before = self.clone();
        let mut answers: Vec<_> = ops.iter().map(|op| self.ask(op)).collect();
        if atomicity == Atomicity::AllOrNothing && answers.iter().any(Answer::is_failure) {
            *self = before;
            for answer in answers.iter_mut().filter(|answer| !answer.is_failure()) {
                *answer = Answer::NotApplied;
            }
        }
        answers
    }

    /// All allocations by their ids.
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

    /// The conflict with the allocation that a service has.
    fn service_taken(&self, want: &Want, holder: &Record) -> Answer {
        match (&want.dir, &holder.dir) {
            (Some(wanted), Some(held)) if wanted != held && self.world.has_dir(held) => {
                Answer::OtherCheckout(holder.clone(), wanted.clone())
            }
            _ => Answer::ServiceTaken(holder.clone()),
        }
    }

    /// Answers a service with the allocation that it has, if that is the one wanted.
    fn keep(&mut self, want: &Want, holder: Record) -> Answer {
        let taken = self.service_taken(want, &holder);
        if matches!(taken, Answer::OtherCheckout(..))
            || want.port.is_some_and(|port| port != holder.port)
        {
            return taken;
        }
        let dir = want.dir.clone().or(holder.dir.clone());
        let record = Record { dir, ..holder };
        self.by_id.insert(record.id, record.clone());
        Answer::Existing(record)
    }

    /// Gives a port to a service that has none.
    fn place(&mut self, want: &Want) -> Answer {
        let port = match want.port {
            Some(port) => self.wanted(port, want.adopt),
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
        Answer::Allocated(record)
    }

    fn wanted(&self, port: u16, adopt: bool) -> Result<u16, Box<Answer>> {
        if let Some(holder) = self.by_port(port) {
            return Err(Box::new(Answer::PortTaken(holder.clone())));
        }
        match self.world.verdict(port) {
            _ if adopt => Ok(port),
            Some(Verdict::Free | Verdict::Denied) => Ok(port),
            Some(Verdict::Busy) => Err(Box::new(Answer::PortInUse(port))),
            None => Err(Box::new(Answer::ProbeFailed(port))),
        }
    }

    fn best_free(&self) -> Result<u16, Box<Answer>> {
        let mut ports = self.world.ports();
        let answer = ports.find_map(|port| match self.world.verdict(port) {
            _ if self.by_port.contains_key(&port) => None,
            Some(Verdict::Free) => Some(Ok(port)),
            Some(Verdict::Busy | Verdict::Denied) => None,
            None => Some(Err(Box::new(Answer::ProbeFailed(port)))),
        });
        answer.unwrap_or_else(|| Err(Box::new(Answer::NoFreePort)))
    }

    fn remove(&mut self, records: Vec<Record>) -> Answer {
        for record in &records {
            self.by_id.remove(&record.id);
            self.by_port.remove(&record.port);
        }
        Answer::Released(records)
    }
}

impl<W: World + Clone + Eq + std::hash::Hash> Sequential for Model<W> {
    type Op = Op;
    type Answer = Answer;

    fn step(&self, op: &Op, answer: Option<&Answer>) -> Option<Self> {
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
