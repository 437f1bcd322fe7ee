//! The registry against a model of it: two plain maps and an obvious search for a free port.
//!
//! Random operations, reopening included, go to both. Every answer is compared, and after every
//! operation all allocations, both indexes and, by `verify`, the structure of the free ports.
//! `PORT_REGISTRY_MODEL_CASES` sets the number of runs.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use port_registry::{
    Allocation, AllocationId, Answer, Atomicity, Claim, Error, Filter, Port, Registry, Request,
    ServiceKey, Verdict,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Ranges that meet what the order depends on: the ports from 3000 on, those below, what browsers
/// block, and the system's ports.
const RANGES: [RangeInclusive<u16>; 4] = [3000..=3007, 2996..=3003, 6663..=6671, 1020..=1027];

/// The ports of a range in the order in which they are to be given out.
fn order(range: RangeInclusive<u16>) -> Vec<u16> {
    let first_ephemeral_port = first_ephemeral_port();
    let class = |port: &u16| match *port {
        1..=1023 => 4,
        port if port >= first_ephemeral_port => 3,
        6665..=6669 => 3,
        1024..=2999 => 2,
        _ => 1,
    };
    let mut ports: Vec<u16> = range.collect();
    ports.sort_by_key(class);
    ports
}

/// Where the kernel's range for clients begins.
fn first_ephemeral_port() -> u16 {
    match std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range") {
        Ok(range) => range.split_whitespace().next().unwrap().parse().unwrap(),
        Err(_) => 49152,
    }
}

/// One thing that is done to the registry and to the model. Small numbers stand for names, ports
/// of the range and ids, so that operations meet each other.
#[derive(Clone, Debug)]
enum Op {
    Batch(Vec<Ask>, Atomicity),
    /// The second part comes when the turn to write has.
    Group(Vec<Ask>, Vec<Ask>),
    Look(Vec<Ask>),
    Reopen,
    /// From now on the system says this of a port; `None` for an error.
    Say(usize, Option<Verdict>),
    List(Pick),
    Get(u64),
    Check(usize),
}

#[derive(Clone, Debug)]
enum Ask {
    Allocate(Want),
    GetOrAllocate(Want),
    Release(u64),
    ReleaseMatching(Pick),
}

#[derive(Clone, Debug)]
struct Want {
    key: (u8, u8, u8),
    port: Option<usize>,
    dir: Option<u8>,
    adopt: bool,
}

#[derive(Clone, Debug)]
struct Pick {
    app: Option<u8>,
    instance: Option<u8>,
    service: Option<u8>,
    port: Option<usize>,
}

fn wants() -> impl Strategy<Value = Want> {
    (
        (0..2u8, 0..2u8, 0..4u8),
        prop::option::weighted(0.3, 0..10usize),
        prop::option::weighted(0.5, 0..3u8),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(key, port, dir, adopt)| Want {
            key,
            port,
            dir,
            adopt,
        })
}

fn picks() -> impl Strategy<Value = Pick> {
    (
        prop::option::of(0..2u8),
        prop::option::of(0..2u8),
        prop::option::weighted(0.3, 0..4u8),
        prop::option::weighted(0.2, 0..10usize),
    )
        .prop_map(|(app, instance, service, port)| Pick {
            app,
            instance,
            service,
            port,
        })
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![
        5 => wants().prop_map(Ask::Allocate),
        4 => wants().prop_map(Ask::GetOrAllocate),
        3 => (1..30u64).prop_map(Ask::Release),
        1 => picks().prop_map(Ask::ReleaseMatching),
    ]
}

fn verdicts() -> impl Strategy<Value = Option<Verdict>> {
    prop_oneof![
        4 => Just(Some(Verdict::Free)),
        4 => Just(Some(Verdict::Busy)),
        2 => Just(Some(Verdict::Denied)),
        1 => Just(None),
    ]
}

fn ops() -> impl Strategy<Value = Op> {
    let atomicity = prop_oneof![Just(Atomicity::Each), Just(Atomicity::AllOrNothing)];
    prop_oneof![
        8 => asks().prop_map(|ask| Op::Batch(vec![ask], Atomicity::Each)),
        4 => (prop::collection::vec(asks(), 0..6), atomicity)
            .prop_map(|(asks, atomicity)| Op::Batch(asks, atomicity)),
        4 => (prop::collection::vec(asks(), 0..5), prop::collection::vec(asks(), 0..5))
            .prop_map(|(first, late)| Op::Group(first, late)),
        1 => wear(),
        2 => prop::collection::vec(asks(), 0..5).prop_map(Op::Look),
        1 => Just(Op::Reopen),
        3 => (0..10usize, verdicts()).prop_map(|(port, verdict)| Op::Say(port, verdict)),
        2 => picks().prop_map(Op::List),
        1 => (1..30u64).prop_map(Op::Get),
        2 => (0..10usize).prop_map(Op::Check),
    ]
}

/// So many changes that the store puts those that it keeps apart into its tables.
fn wear() -> impl Strategy<Value = Op> {
    (wants(), 100..300usize).prop_map(|(want, times)| {
        let (app, instance, service) = want.key;
        let release = Ask::ReleaseMatching(Pick {
            app: Some(app),
            instance: Some(instance),
            service: Some(service),
            port: None,
        });
        let asks = [release, Ask::Allocate(want)];
        let asks = asks.into_iter().cycle().take(2 * times).collect();
        Op::Batch(asks, Atomicity::Each)
    })
}

/// What an answer is compared by: everything, except the time of an allocation.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Allocated(Record),
    Existing(Record),
    Released(Vec<Record>),
    PortTaken(Record),
    ServiceTaken(Record),
    OtherCheckout(Record, String),
    PortInUse(u16),
    NoFreePort,
    NotFound(u64),
    EmptyFilter,
    NotApplied,
    ProbeFailed(u16),
}

#[derive(Clone, Debug, PartialEq)]
struct Record {
    id: u64,
    key: ServiceKey,
    port: u16,
    dir: Option<String>,
}

impl From<&Allocation> for Record {
    fn from(allocation: &Allocation) -> Record {
        Record {
            id: allocation.id.get(),
            key: allocation.key.clone(),
            port: allocation.port.get(),
            dir: allocation.dir.clone(),
        }
    }
}

fn said(answer: &Result<Answer, Error>) -> Said {
    match answer {
        Ok(Answer::Allocated(it)) => Said::Allocated(it.into()),
        Ok(Answer::Existing(it)) => Said::Existing(it.into()),
        Ok(Answer::Released(them)) => Said::Released(them.iter().map(Record::from).collect()),
        Err(Error::PortTaken { holder, .. }) => Said::PortTaken((&**holder).into()),
        Err(Error::ServiceTaken { holder, .. }) => Said::ServiceTaken((&**holder).into()),
        Err(Error::OtherCheckout { holder, wanted, .. }) => {
            Said::OtherCheckout((&**holder).into(), wanted.clone())
        }
        Err(Error::PortInUse { port, .. }) => Said::PortInUse(port.get()),
        Err(Error::NoFreePort { .. }) => Said::NoFreePort,
        Err(Error::NotFound { id, .. }) => Said::NotFound(id.get()),
        Err(Error::EmptyFilter) => Said::EmptyFilter,
        Err(Error::NotApplied) => Said::NotApplied,
        Err(Error::Probe { port, .. }) => Said::ProbeFailed(port.get()),
        other => panic!("no model says this: {other:?}"),
    }
}

/// The conflict with the allocation that a service has.
fn taken(want: &Want, holder: Record, world: &World) -> Said {
    match (want.dir.map(|number| world.dir(number)), &holder.dir) {
        (Some(wanted), Some(held)) if wanted != *held && world.exists(held) => {
            Said::OtherCheckout(holder, wanted)
        }
        _ => Said::ServiceTaken(holder),
    }
}

/// The registry as two plain maps.
#[derive(Clone)]
struct Model {
    by_id: BTreeMap<u64, Record>,
    by_port: BTreeMap<u16, u64>,
    next_id: u64,
}

impl Model {
    fn by_key(&self, key: &ServiceKey) -> Option<&Record> {
        self.by_id.values().find(|record| record.key == *key)
    }

    fn matching(&self, filter: &Filter) -> Vec<Record> {
        let same = |wanted: &Option<String>, name: &str| {
            wanted.is_none() || wanted.as_deref() == Some(name)
        };
        self.by_id
            .values()
            .filter(|it| {
                same(&filter.app, it.key.app())
                    && same(&filter.instance, it.key.instance())
                    && same(&filter.service, it.key.service())
                    && filter.port.is_none_or(|port| port.get() == it.port)
            })
            .cloned()
            .collect()
    }

    /// Answers a request, and tells whether it changed anything.
    fn ask(&mut self, ask: &Ask, world: &World) -> (Said, bool) {
        match ask {
            Ask::Allocate(want) => match self.by_key(&key(want.key)) {
                Some(holder) => (taken(want, holder.clone(), world), false),
                None => self.place(want, world),
            },
            Ask::GetOrAllocate(want) => match self.by_key(&key(want.key)).cloned() {
                Some(holder) => self.keep(want, holder, world),
                None => self.place(want, world),
            },
            Ask::Release(id) => match self.by_id.get(id).cloned() {
                Some(record) => {
                    self.remove(&record);
                    (Said::Released(vec![record]), true)
                }
                None => (Said::NotFound(*id), false),
            },
            Ask::ReleaseMatching(pick) => {
                let filter = world.filter(pick);
                if filter == Filter::default() {
                    return (Said::EmptyFilter, false);
                }
                let records = self.matching(&filter);
                for record in &records {
                    self.remove(record);
                }
                let changed = !records.is_empty();
                (Said::Released(records), changed)
            }
        }
    }

    fn keep(&mut self, want: &Want, holder: Record, world: &World) -> (Said, bool) {
        let taken = taken(want, holder.clone(), world);
        if matches!(taken, Said::OtherCheckout(..))
            || want
                .port
                .is_some_and(|index| world.port(index).get() != holder.port)
        {
            return (taken, false);
        }
        let wanted = want.dir.map(|number| world.dir(number));
        let dir = wanted.or(holder.dir.clone());
        let changed = dir != holder.dir;
        let record = Record { dir, ..holder };
        self.by_id.insert(record.id, record.clone());
        (Said::Existing(record), changed)
    }

    fn place(&mut self, want: &Want, world: &World) -> (Said, bool) {
        let port = match want.port {
            Some(index) => self.place_at(world.port(index).get(), want, world),
            None => self.best_free(world),
        };
        let port = match port {
            Ok(port) => port,
            Err(said) => return (*said, false),
        };
        let record = Record {
            id: self.next_id,
            key: key(want.key),
            port,
            dir: want.dir.map(|number| world.dir(number)),
        };
        self.next_id += 1;
        self.by_port.insert(port, record.id);
        self.by_id.insert(record.id, record.clone());
        (Said::Allocated(record), true)
    }

    fn place_at(&self, port: u16, want: &Want, world: &World) -> Result<u16, Box<Said>> {
        if let Some(holder) = self.by_port.get(&port) {
            return Err(Box::new(Said::PortTaken(self.by_id[holder].clone())));
        }
        match world.says(port) {
            _ if want.adopt => Ok(port),
            Some(Verdict::Free | Verdict::Denied) => Ok(port),
            Some(Verdict::Busy) => Err(Box::new(Said::PortInUse(port))),
            None => Err(Box::new(Said::ProbeFailed(port))),
        }
    }

    fn best_free(&self, world: &World) -> Result<u16, Box<Said>> {
        for &port in &world.order {
            if self.by_port.contains_key(&port) {
                continue;
            }
            match world.says(port) {
                Some(Verdict::Free) => return Ok(port),
                Some(Verdict::Busy | Verdict::Denied) => {}
                None => return Err(Box::new(Said::ProbeFailed(port))),
            }
        }
        Err(Box::new(Said::NoFreePort))
    }

    fn remove(&mut self, record: &Record) {
        self.by_id.remove(&record.id);
        self.by_port.remove(&record.port);
    }
}

/// What is around the registry.
struct World {
    range: RangeInclusive<u16>,
    order: Vec<u16>,
    folder: PathBuf,
    /// What the system says of the ports that are not free.
    verdicts: Arc<Mutex<BTreeMap<u16, Option<Verdict>>>>,
}

impl World {
    fn says(&self, port: u16) -> Option<Verdict> {
        says(&self.verdicts, port)
    }

    fn exists(&self, dir: &str) -> bool {
        dir != self.dir(2)
    }

    /// Checkouts 0 and 1 exist, 2 does not.
    fn dir(&self, number: u8) -> String {
        let dir = self.folder.join(format!("checkout-{number}"));
        dir.to_str().unwrap().to_owned()
    }

    fn port(&self, index: usize) -> Port {
        Port::new(self.order[index % self.order.len()]).unwrap()
    }

    fn open(&self) -> Registry {
        let verdicts = self.verdicts.clone();
        let range = format!("{}-{}", self.range.start(), self.range.end());
        Registry::builder()
            .path(self.folder.join("ports.redb"))
            .range(range.parse().unwrap())
            .probe(move |port: Port| {
                says(&verdicts, port.get()).ok_or_else(|| std::io::Error::other("no answer"))
            })
            .open()
            .unwrap()
    }

    fn filter(&self, pick: &Pick) -> Filter {
        let mut filter = Filter::default();
        if let Some(app) = pick.app {
            filter = filter.app(format!("app{app}"));
        }
        if let Some(instance) = pick.instance {
            filter = filter.instance(format!("instance{instance}"));
        }
        if let Some(service) = pick.service {
            filter = filter.service(format!("service{service}"));
        }
        if let Some(index) = pick.port {
            filter = filter.port(self.port(index));
        }
        filter
    }

    fn claim(&self, want: &Want) -> Claim {
        let mut claim = Claim::new(key(want.key));
        if let Some(index) = want.port {
            claim = claim.port(self.port(index));
        }
        if let Some(number) = want.dir {
            claim = claim.dir(self.dir(number)).unwrap();
        }
        if want.adopt { claim.adopt() } else { claim }
    }

    fn request(&self, ask: &Ask) -> Request {
        match ask {
            Ask::Allocate(want) => Request::Allocate(self.claim(want)),
            Ask::GetOrAllocate(want) => Request::GetOrAllocate(self.claim(want)),
            Ask::Release(id) => Request::Release(AllocationId::new(*id).unwrap()),
            Ask::ReleaseMatching(pick) => Request::ReleaseMatching(self.filter(pick)),
        }
    }
}

fn says(verdicts: &Mutex<BTreeMap<u16, Option<Verdict>>>, port: u16) -> Option<Verdict> {
    let verdicts = verdicts.lock().unwrap();
    verdicts.get(&port).copied().unwrap_or(Some(Verdict::Free))
}

fn key((app, instance, service): (u8, u8, u8)) -> ServiceKey {
    let name = |kind, number| format!("{kind}{number}");
    ServiceKey::new(
        name("app", app),
        name("instance", instance),
        name("service", service),
    )
    .unwrap()
}

fn apply_to_model(
    model: &mut Model,
    asks: &[Ask],
    atomicity: Atomicity,
    world: &World,
) -> Vec<Said> {
    let before = model.clone();
    let mut answers: Vec<_> = asks.iter().map(|ask| model.ask(ask, world)).collect();
    let is_failure = |said: &Said| {
        !matches!(
            said,
            Said::Allocated(_) | Said::Existing(_) | Said::Released(_)
        )
    };
    if atomicity == Atomicity::AllOrNothing && answers.iter().any(|(said, _)| is_failure(said)) {
        *model = before;
        for (said, _) in &mut answers {
            if !is_failure(said) {
                *said = Said::NotApplied;
            }
        }
    }
    answers.into_iter().map(|(said, _)| said).collect()
}

/// Asks in groups until everything is answered, and the model in the same order.
fn apply_in_groups(
    model: &mut Model,
    registry: &Registry,
    first: &[Ask],
    late: &[Ask],
    world: &World,
) {
    let wait = Duration::from_secs(5);
    let mut asks = first.to_vec();
    let mut late = late.to_vec();
    while !asks.is_empty() {
        let mut requests: Vec<_> = asks.iter().map(|ask| world.request(ask)).collect();
        let answers = registry.apply_group(&mut requests, wait, |requests| {
            requests.extend(late.iter().map(|ask| world.request(ask)));
            asks.append(&mut late);
        });
        let answers = answers.unwrap();
        assert_eq!(answers.len(), asks.len());
        asks = std::iter::zip(asks, &answers)
            .filter(|(ask, answer)| {
                let Some(answer) = answer else { return true };
                assert_eq!(said(answer), model.ask(ask, world).0, "{ask:?}");
                false
            })
            .map(|(ask, _)| ask)
            .collect();
        if asks.is_empty() {
            // The first ones took no write.
            asks.append(&mut late);
        }
    }
}

fn compare_all(model: &Model, registry: &Registry, world: &World) {
    registry.verify().unwrap();
    let listed = registry.list(&Filter::default()).unwrap();
    let listed: Vec<_> = listed.iter().map(Record::from).collect();
    assert!(listed.iter().eq(model.by_id.values()), "{listed:?}");
    for &port in &world.order {
        let by_port = Filter::default().port(Port::new(port).unwrap());
        let holder = registry.list(&by_port).unwrap().pop();
        let expected = model.by_port.get(&port).map(|id| &model.by_id[id]);
        assert_eq!(holder.as_ref().map(Record::from).as_ref(), expected);
    }
    for number in 0..16 {
        let key = key((number / 8, number / 4 % 2, number % 4));
        let filter = Filter::default()
            .app(key.app())
            .instance(key.instance())
            .service(key.service());
        let found = registry.list(&filter).unwrap();
        let found: Vec<_> = found.iter().map(Record::from).collect();
        assert!(found.iter().eq(model.by_key(&key)), "{found:?}");
    }
}

fn run(range: RangeInclusive<u16>, ops: &[Op], folder: &Path) {
    let world = World {
        order: order(range.clone()),
        range,
        folder: folder.to_owned(),
        verdicts: Arc::default(),
    };
    std::fs::create_dir(world.dir(0)).unwrap();
    std::fs::create_dir(world.dir(1)).unwrap();
    let mut registry = world.open();
    let mut model = Model {
        by_id: BTreeMap::new(),
        by_port: BTreeMap::new(),
        next_id: 1,
    };
    for op in ops {
        match op {
            Op::Batch(asks, atomicity) => {
                let requests: Vec<_> = asks.iter().map(|ask| world.request(ask)).collect();
                let answers = registry.apply(&requests, *atomicity).unwrap();
                let answers: Vec<_> = answers.iter().map(said).collect();
                let expected = apply_to_model(&mut model, asks, *atomicity, &world);
                assert_eq!(answers, expected);
            }
            Op::Group(first, late) => {
                apply_in_groups(&mut model, &registry, first, late, &world);
            }
            Op::Look(asks) => {
                for ask in asks {
                    let answer = registry.answer_without_write(&world.request(ask));
                    let answer = answer.transpose().as_ref().map(said);
                    let (said, changes) = model.clone().ask(ask, &world);
                    assert_eq!(answer, (!changes).then_some(said), "{ask:?}");
                }
            }
            Op::Reopen => {
                drop(registry);
                registry = world.open();
            }
            Op::Say(index, verdict) => {
                let port = world.port(*index).get();
                world.verdicts.lock().unwrap().insert(port, *verdict);
            }
            Op::List(pick) => {
                let filter = world.filter(pick);
                let listed = registry.list(&filter).unwrap();
                let listed: Vec<_> = listed.iter().map(Record::from).collect();
                assert_eq!(listed, model.matching(&filter));
            }
            Op::Get(id) => {
                let found = registry.get(AllocationId::new(*id).unwrap()).unwrap();
                let found = found.as_ref().map(Record::from);
                assert_eq!(found.as_ref(), model.by_id.get(id));
            }
            Op::Check(index) => {
                let port = world.port(*index);
                let is_taken = model.by_port.contains_key(&port.get());
                let status = registry.check(port);
                match world.says(port.get()) {
                    Some(verdict) => {
                        let status = status.unwrap();
                        let is_busy = verdict == Verdict::Busy;
                        assert_eq!(status.listener.is_some(), is_busy);
                        assert_eq!(status.available, !is_taken && !is_busy);
                        let holder = model.by_port.get(&port.get());
                        let holder = holder.map(|id| model.by_id[id].clone());
                        assert_eq!(status.holder.as_ref().map(Record::from), holder);
                    }
                    None => assert!(matches!(status, Err(Error::Probe { .. }))),
                }
            }
        }
        compare_all(&model, &registry, &world);
    }
}

#[test]
fn the_registry_answers_as_the_model_does() {
    let cases = std::env::var("PORT_REGISTRY_MODEL_CASES");
    let cases = cases.map_or(48, |cases| cases.parse().unwrap());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let strategy = (0..RANGES.len(), prop::collection::vec(ops(), 1..60));
    TestRunner::new(config)
        .run(&strategy, |(range, ops)| {
            let folder = tempfile::tempdir().unwrap();
            let folder_path = folder.path().canonicalize().unwrap();
            run(RANGES[range].clone(), &ops, &folder_path);
            Ok(())
        })
        .unwrap();
}
