//! Performs steps on the registry and on the model, and compares the answers.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use port_registry::{AllocationId, Atomicity, Error, Filter, Port, Registry, Request, Verdict};
use test_support::model::{Model, ModelAnswer, Operation, Record, World};

use super::steps::ModelStep;
use super::world::{ModelWorld, keys};

/// A registry and its model.
pub(super) struct Comparison {
    world: ModelWorld,
    /// `None` during [`ModelStep::Reopen`].
    registry: Option<Registry>,
    model: Model<ModelWorld>,
}

impl Comparison {
    pub(super) fn begin(range: RangeInclusive<u16>, folder: &Path) -> Comparison {
        let world = ModelWorld::create(range, folder);
        Comparison {
            registry: Some(world.open()),
            model: Model::new(world.clone()),
            world,
        }
    }

    pub(super) fn run(mut self, steps: &[ModelStep]) {
        for step in steps {
            self.take(step);
            self.compare_all();
        }
    }

    fn take(&mut self, step: &ModelStep) {
        match step {
            ModelStep::Batch(requests, atomicity) => {
                self.batch(&self.world.ops(requests), *atomicity);
            }
            ModelStep::Group(first, late) => {
                self.group(self.world.ops(first), self.world.ops(late));
            }
            ModelStep::WithoutWrite(requests) => {
                self.answer_without_write(&self.world.ops(requests));
            }
            ModelStep::Reopen => {
                self.registry = None;
                self.registry = Some(self.world.open());
            }
            ModelStep::SetVerdict(index, verdict) => {
                self.world
                    .set_verdict(self.world.port(*index).get(), *verdict);
            }
            ModelStep::SetFolder(dir, exists) => self.world.set_folder(*dir, *exists),
            ModelStep::List(filter) => {
                let filter = self.world.filter(filter);
                let listed = self.registry().list(&filter).unwrap();
                let listed = ModelAnswer::Listed(Record::of_all(&listed));
                assert_eq!(listed, self.model.ask(&Operation::List(filter)));
            }
            ModelStep::Get(id) => {
                let found = self.registry().get(AllocationId::new(*id).unwrap());
                let found = match found.unwrap() {
                    Some(allocation) => ModelAnswer::Found((&allocation).into()),
                    None => ModelAnswer::NotFound(*id),
                };
                assert_eq!(found, self.model.ask(&Operation::Find(*id)));
            }
            ModelStep::Check(index) => self.check(self.world.port(*index)),
        }
    }

    fn batch(&mut self, ops: &[Operation], atomicity: Atomicity) {
        let answers = self.registry().apply(&requests(ops), atomicity).unwrap();
        let answers: Vec<_> = answers.iter().map(translated).collect();
        assert_eq!(answers, self.model.ask_all(ops, atomicity));
    }

    /// Applies groups until everything is answered, and asks the model in the same order.
    fn group(&mut self, mut ops: Vec<Operation>, mut late: Vec<Operation>) {
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
                // The first requests needed no write, so the late ones did not join the group.
                ops.append(&mut late);
            }
        }
    }

    /// Asserts that requests which change nothing are answered without a write.
    fn answer_without_write(&self, ops: &[Operation]) {
        for (op, request) in std::iter::zip(ops, requests(ops)) {
            let answer = self.registry().answer_without_write(&request);
            let answer = answer.transpose().as_ref().map(translated);
            let mut after = self.model.clone();
            let expected = after.ask(op);
            let changes = !after.records().eq(self.model.records());
            assert_eq!(answer, (!changes).then_some(expected), "{op}");
        }
    }

    fn check(&self, port: Port) {
        let status = self.registry().check(port);
        let holder = self.model.by_port(port.get());
        match self.world.verdict(port.get()) {
            Some(verdict) => {
                let status = status.unwrap();
                let is_busy = verdict == Verdict::Busy;
                assert_eq!(status.in_use.is_some(), is_busy);
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
        for allocation in &listed {
            let name = allocation.checkout_name();
            let name = name.map(|it| (it.app().to_owned(), it.instance().to_owned()));
            let dir = allocation.dir.as_ref();
            let expected = dir.and_then(|dir| self.model.name(dir.as_str()));
            assert_eq!(name.as_ref(), expected, "{allocation:?}");
        }
        let listed = Record::of_all(&listed);
        assert!(listed.iter().eq(self.model.records()), "{listed:?}");
        for port in self.world.each_port() {
            let by_port = Filter::new().with_port(port);
            let holder = registry.list(&by_port).unwrap().pop();
            let expected = self.model.by_port(port.get());
            assert_eq!(holder.as_ref().map(Record::from).as_ref(), expected);
        }
        for dir in self.world.each_dir() {
            let filter = Filter::new().with_dir(dir);
            let found = registry.list(&filter).unwrap();
            let found = ModelAnswer::Listed(Record::of_all(&found));
            assert_eq!(found, self.model.clone().ask(&Operation::List(filter)));
        }
        for key in keys().chain(listed.iter().map(|it| it.key.clone())) {
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

fn requests(ops: &[Operation]) -> Vec<Request> {
    ops.iter().map(|op| op.request().unwrap()).collect()
}

fn translated(answer: &Result<port_registry::Answer, Error>) -> ModelAnswer {
    ModelAnswer::of(answer).unwrap_or_else(|| panic!("the model has no such answer: {answer:?}"))
}
