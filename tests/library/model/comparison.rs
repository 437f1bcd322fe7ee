//! Steps done to the registry and to the model, and their answers compared.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use port_registry::{AllocationId, Atomicity, Error, Filter, Port, Registry, Request, Verdict};
use test_support::model::{Answer, Model, Op, Record, World};

use super::steps::Step;
use super::surroundings::{Surroundings, keys};

/// A registry, and the model of it.
pub(super) struct Comparison {
    world: Surroundings,
    /// `None` while it is opened again.
    registry: Option<Registry>,
    model: Model<Surroundings>,
}

impl Comparison {
    pub(super) fn begin(range: RangeInclusive<u16>, folder: &Path) -> Comparison {
        let world = Surroundings::create(range, folder);
        Comparison {
            registry: Some(world.open()),
            model: Model::new(world.clone()),
            world,
        }
    }

    pub(super) fn run(mut self, steps: &[Step]) {
        for step in steps {
            self.take(step);
            self.compare_all();
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Batch(asks, atomicity) => self.batch(&self.world.ops(asks), *atomicity),
            Step::Group(first, late) => self.group(self.world.ops(first), self.world.ops(late)),
            Step::Look(asks) => self.look(&self.world.ops(asks)),
            Step::Reopen => {
                self.registry = None;
                self.registry = Some(self.world.open());
            }
            Step::Say(index, verdict) => {
                self.world.say(self.world.port(*index).get(), *verdict);
            }
            Step::List(pick) => {
                let filter = self.world.filter(pick);
                let listed = self.registry().list(&filter).unwrap();
                let listed = Answer::Listed(Record::of_all(&listed));
                assert_eq!(listed, self.model.ask(&Op::List(filter)));
            }
            Step::Get(id) => {
                let found = self.registry().get(AllocationId::new(*id).unwrap());
                let found = match found.unwrap() {
                    Some(allocation) => Answer::Found((&allocation).into()),
                    None => Answer::NotFound(*id),
                };
                assert_eq!(found, self.model.ask(&Op::Find(*id)));
            }
            Step::Check(index) => self.check(self.world.port(*index)),
        }
    }

    fn batch(&mut self, ops: &[Op], atomicity: Atomicity) {
        let answers = self.registry().apply(&requests(ops), atomicity).unwrap();
        let answers: Vec<_> = answers.iter().map(translated).collect();
        assert_eq!(answers, self.model.ask_all(ops, atomicity));
    }

    /// Asks in groups until everything is answered, and the model in the same order.
    fn group(&mut self, mut ops: Vec<Op>, mut late: Vec<Op>) {
        while !ops.is_empty() {
            let mut group = requests(&ops);
            let wait = Duration::from_secs(5);
            let answers = self.registry().apply_group(&mut group, wait, |group| {
                group.extend(requests(&late));
                ops.append(&mut late);
            });
            let answers = answers.unwrap();
            assert_eq!(answers.len(), ops.len());
            ops = std::iter::zip(ops, &answers)
                .filter(|(op, answer)| {
                    let Some(answer) = answer else { return true };
                    assert_eq!(translated(answer), self.model.ask(op), "{op}");
                    false
                })
                .map(|(op, _)| op)
                .collect();
            if ops.is_empty() {
                // The first ones took no write.
                ops.append(&mut late);
            }
        }
    }

    /// What needs no write is answered without one.
    fn look(&self, ops: &[Op]) {
        for (op, request) in std::iter::zip(ops, requests(ops)) {
            let answer = self.registry().answer_without_write(&request);
            let answer = answer.transpose().as_ref().map(translated);
            let mut after = self.model.clone();
            let said = after.ask(op);
            let changes = !after.records().eq(self.model.records());
            assert_eq!(answer, (!changes).then_some(said), "{op}");
        }
    }

    fn check(&self, port: Port) {
        let status = self.registry().check(port);
        let holder = self.model.by_port(port.get());
        match self.world.verdict(port.get()) {
            Some(verdict) => {
                let status = status.unwrap();
                let is_busy = verdict == Verdict::Busy;
                assert_eq!(status.listener.is_some(), is_busy);
                assert_eq!(status.available, holder.is_none() && !is_busy);
                assert_eq!(status.holder.as_ref().map(Record::from).as_ref(), holder);
            }
            None => assert!(matches!(status, Err(Error::Probe { .. }))),
        }
    }

    fn compare_all(&self) {
        let registry = self.registry();
        registry.verify().unwrap();
        let listed = registry.list(&Filter::new()).unwrap();
        let listed = Record::of_all(&listed);
        assert!(listed.iter().eq(self.model.records()), "{listed:?}");
        for port in self.world.each_port() {
            let by_port = Filter::new().with_port(port);
            let holder = registry.list(&by_port).unwrap().pop();
            let expected = self.model.by_port(port.get());
            assert_eq!(holder.as_ref().map(Record::from).as_ref(), expected);
        }
        for key in keys() {
            let filter = Filter::new()
                .with_app(key.app())
                .with_instance(key.instance())
                .with_service(key.service());
            let found = Record::of_all(&registry.list(&filter).unwrap());
            assert!(found.iter().eq(self.model.by_key(&key)), "{found:?}");
            let by_key = registry.get_by_key(&key).unwrap();
            let by_key = by_key.as_ref().map(Record::from);
            assert!(found.iter().eq(&by_key));
        }
    }

    fn registry(&self) -> &Registry {
        self.registry.as_ref().unwrap()
    }
}

fn requests(ops: &[Op]) -> Vec<Request> {
    ops.iter().map(|op| op.request().unwrap()).collect()
}

fn translated(answer: &Result<port_registry::Answer, Error>) -> Answer {
    Answer::of(answer).unwrap_or_else(|| panic!("no model says this: {answer:?}"))
}
