//! The registry as maps and the next id.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use port_registry::{Atomicity, Filter, LabelOrigin, ServiceKey, Verdict};

use super::checkouts::{Names, Place, Search, labels};
use super::{ModelAnswer, Operation, Record, Want, WantedMove};
use crate::checker::Sequential;

/// The environment that the registry's answers depend on.
pub trait World {
    /// Ports to choose from, most preferred first.
    fn ports(&self) -> impl Iterator<Item = u16>;

    /// The system's verdict on a port. Returns `None` if the probe fails.
    fn verdict(&self, port: u16) -> Option<Verdict>;

    fn has_dir(&self, dir: &str) -> bool;

    /// Removes the mark of a checkout from an instance.
    fn unmarked<'a>(&self, _dir: &str, instance: &'a str) -> &'a str {
        instance
    }
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

    fn unmarked<'a>(&self, dir: &str, instance: &'a str) -> &'a str {
        (*self).unmarked(dir, instance)
    }
}

/// A registry in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model<W> {
    world: W,
    by_id: BTreeMap<u64, Record>,
    by_port: BTreeMap<u16, u64>,
    /// Each ends with the last allocation of its checkout.
    names: Names,
    next_id: u64,
}

impl<W: World> Model<W> {
    pub fn new(world: W) -> Model<W> {
        Model {
            world,
            by_id: BTreeMap::new(),
            by_port: BTreeMap::new(),
            names: Names::new(),
            next_id: 1,
        }
    }

    pub fn ask(&mut self, op: &Operation) -> ModelAnswer {
        match op {
            Operation::Allocate(want) => match self.search(want).map(|it| it.find_literally()) {
                Some(place) => self.allocate_at(want, place),
                None => match self.by_key(&want.key) {
                    Some(holder) => self.service_taken(want, holder),
                    None => self.place(want, want.key.clone()),
                },
            },
            Operation::GetOrAllocate(want) => match self.search(want).map(|it| it.find()) {
                Some(place) => self.get_at(want, place),
                None => match self.by_key(&want.key).cloned() {
                    Some(holder) => self.keep(want, holder),
                    None => self.place(want, want.key.clone()),
                },
            },
            Operation::Move(wanted) => self.move_service(wanted),
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
                && filter
                    .dir()
                    .is_none_or(|dir| it.dir.as_deref() == Some(dir.as_str()))
        });
        records.cloned().collect()
    }

    /// Returns the name of a checkout: the app and the instance.
    pub fn name(&self, dir: &str) -> Option<&(String, String)> {
        self.names.get(dir)
    }

    /// Prepares to find the service of a checkout. Returns `None` if the request is for its key alone.
    fn search<'a>(&'a self, want: &'a Want) -> Option<Search<'a>> {
        let dir = want
            .dir
            .as_deref()
            .filter(|_| want.label_origin.is_detected())?;
        Some(Search {
            want,
            dir,
            records: self.records().collect(),
            names: &self.names,
            has_dir: Box::new(|dir| self.world.has_dir(dir)),
            has_mark: Box::new(|it: &Record| {
                let dir = it.dir.as_deref().unwrap_or_default();
                let instance = it.key.instance();
                let label = self.world.unmarked(dir, instance);
                label == want.key.instance() && label != instance
            }),
        })
    }

    fn allocate_at(&mut self, want: &Want, place: Place) -> ModelAnswer {
        match place {
            Place::Missing(key) => self.place(want, key),
            Place::Held(holder) | Place::PassesOn(holder) => ModelAnswer::ServiceTaken(holder),
            Place::Foreign(holder) => foreign(want, holder),
        }
    }

    fn get_at(&mut self, want: &Want, place: Place) -> ModelAnswer {
        let is_other_port = |holder: &Record| want.port.is_some_and(|port| port != holder.port);
        match place {
            Place::Missing(key) => self.place(want, key),
            Place::Foreign(holder) => foreign(want, holder),
            Place::Held(holder) | Place::PassesOn(holder) if is_other_port(&holder) => {
                ModelAnswer::ServiceTaken(holder)
            }
            Place::Held(holder) => ModelAnswer::Existing(holder),
            Place::PassesOn(holder) => self.pass_on(want, holder),
        }
    }

    /// Describes the conflict with the existing allocation of a service.
    fn service_taken(&self, want: &Want, holder: &Record) -> ModelAnswer {
        match (&want.dir, &holder.dir) {
            (Some(wanted), Some(held))
                if want.label_origin != LabelOrigin::Typed
                    && wanted != held
                    && self.world.has_dir(held) =>
            {
                foreign(want, holder.clone())
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
        let passes_on = match (&want.dir, &holder.dir) {
            (None, _) => false,
            (Some(_), None) => want.label_origin != LabelOrigin::Typed,
            (Some(wanted), Some(held)) => wanted != held && !self.world.has_dir(held),
        };
        if passes_on {
            self.pass_on(want, holder)
        } else {
            ModelAnswer::Existing(holder)
        }
    }

    /// Passes an allocation on to the checkout of a request. If the labels were detected, the name and the other
    /// allocations of the checkout that it leaves pass on, too.
    fn pass_on(&mut self, want: &Want, holder: Record) -> ModelAnswer {
        if let (Some(dir), Some(left)) = (&want.dir, &holder.dir)
            && left != dir
            && want.label_origin.is_detected()
        {
            if let Some(name) = self.names.get(left).cloned() {
                self.names.entry(dir.clone()).or_insert(name);
            }
            let others = self.by_id.values_mut();
            let others = others.filter(|it| it.dir.as_ref() == Some(left));
            others.for_each(|it| it.dir = Some(dir.clone()));
        }
        let record = Record {
            dir: want.dir.clone(),
            label_origin: want.label_origin,
            ..holder
        };
        self.hold(&record);
        ModelAnswer::Existing(record)
    }

    /// Stores an allocation. The first one with detected labels names its checkout.
    fn hold(&mut self, record: &Record) {
        self.by_id.insert(record.id, record.clone());
        if let Some(dir) = &record.dir
            && record.label_origin.is_detected()
        {
            let name = || labels(&record.key);
            self.names.entry(dir.clone()).or_insert_with(name);
        }
        self.forget_names();
    }

    fn forget_names(&mut self) {
        let by_id = &self.by_id;
        let is_used = |dir: &str| by_id.values().any(|it| it.dir.as_deref() == Some(dir));
        self.names.retain(|dir, _| is_used(dir));
    }

    /// Allocates a port to a service that has none.
    fn place(&mut self, want: &Want, key: ServiceKey) -> ModelAnswer {
        let port = match self.choose(want) {
            Ok(port) => port,
            Err(refused) => return *refused,
        };
        let record = Record {
            id: self.next_id,
            key,
            port,
            dir: want.dir.clone(),
            label_origin: want.label_origin,
        };
        self.next_id += 1;
        self.by_port.insert(port, record.id);
        self.hold(&record);
        ModelAnswer::Allocated(record)
    }

    /// Gives the service of an allocation another port. Its checkout keeps the name even if it has no other allocation.
    fn move_service(&mut self, wanted: &WantedMove) -> ModelAnswer {
        let Some(before) = self.by_id.get(&wanted.id).cloned() else {
            return ModelAnswer::NotFound(wanted.id);
        };
        if wanted.port == Some(before.port) {
            return ModelAnswer::Existing(before);
        }
        let chosen = match (wanted.port, wanted.prefer) {
            (Some(port), _) => self.requested(port, wanted.adopt),
            (None, Some(prefer)) => match self.preferred(prefer) {
                Ok(None) => return ModelAnswer::Existing(before),
                Ok(Some(port)) => Ok(port),
                Err(refused) => Err(refused),
            },
            (None, None) => self.best_free(&[]),
        };
        let port = match chosen {
            Ok(port) => port,
            Err(refused) => return *refused,
        };
        self.by_id.remove(&before.id);
        self.by_port.remove(&before.port);
        let record = Record {
            id: self.next_id,
            port,
            ..before
        };
        self.next_id += 1;
        self.by_port.insert(port, record.id);
        self.hold(&record);
        ModelAnswer::Moved(record)
    }

    fn choose(&self, want: &Want) -> Result<u16, Box<ModelAnswer>> {
        if let Some(port) = want.port {
            return self.requested(port, want.adopt);
        }
        let preferred = want.prefer.map(|port| self.preferred(port)).transpose()?;
        match preferred.flatten() {
            Some(port) => Ok(port),
            None => self.best_free(&want.avoid),
        }
    }

    /// Returns a preferred port, or `None` if it is not available.
    fn preferred(&self, port: u16) -> Result<Option<u16>, Box<ModelAnswer>> {
        if self.by_port.contains_key(&port) || !self.world.ports().any(|it| it == port) {
            return Ok(None);
        }
        match self.world.verdict(port) {
            Some(Verdict::Free) => Ok(Some(port)),
            Some(Verdict::Busy | Verdict::Denied) => Ok(None),
            None => Err(Box::new(ModelAnswer::ProbeFailed(port))),
        }
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

    fn best_free(&self, avoid: &[u16]) -> Result<u16, Box<ModelAnswer>> {
        let mut ports = self.world.ports().filter(|port| !avoid.contains(port));
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
        self.forget_names();
        ModelAnswer::Released(records)
    }
}

fn foreign(want: &Want, holder: Record) -> ModelAnswer {
    ModelAnswer::OtherCheckout(holder, want.dir.clone().unwrap_or_default())
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
