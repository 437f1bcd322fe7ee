//! What everybody said that they did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use port_registry::Allocation;
use test_support::torture::Entry;

/// The numbers of the workers of each kind: those with the library, those over HTTP, and commands.
pub(crate) const WORKERS: [Range<u32>; 3] = [0..2, 2..4, 10..12];

/// What is known of each worker's services.
#[derive(Debug, Default)]
pub(crate) struct Diary {
    /// How many acknowledged allocations and releases are enough.
    enough: usize,
    is_given_up: bool,
    workers: BTreeMap<u32, Services>,
    /// Who was given each number.
    given: BTreeMap<u64, Given>,
    /// How many allocations and releases of each worker were acknowledged.
    acknowledged: BTreeMap<u32, usize>,
    uncertain: usize,
}

/// An allocation that was acknowledged.
#[derive(Clone, Debug, PartialEq)]
struct Given {
    service: String,
    port: u16,
    /// The time of the acknowledgement, and of the moment before it was released again, in
    /// microseconds of the machine's clock.
    held_from: u64,
    held_to: Option<u64>,
}

/// What a worker holds, and what it may hold.
#[derive(Debug, Default)]
struct Services {
    /// The number of each service's allocation.
    held: BTreeMap<String, u64>,
    /// Services whose allocation or release was not answered.
    uncertain: BTreeMap<String, Uncertain>,
    /// Services that held nothing when they were released to make sure. What was under way when its
    /// client or its process was killed may take effect after that still.
    late: BTreeSet<String>,
}

#[derive(Debug)]
enum Uncertain {
    Allocated,
    /// It held this number.
    Released(u64),
}

impl Diary {
    /// An empty diary for this many acknowledged allocations and releases.
    pub(crate) fn of(enough: usize) -> Diary {
        Diary {
            enough,
            ..Diary::default()
        }
    }

    /// Returns true once enough was acknowledged, and something by each kind of worker.
    pub(crate) fn is_full(&self) -> bool {
        let all_have_begun = WORKERS
            .into_iter()
            .all(|kind| self.acknowledged_by(kind) > 0);
        self.is_given_up || (self.acknowledged() >= self.enough && all_have_begun)
    }

    /// Ends the test before the diary is full.
    pub(crate) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// How many allocations and releases were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.values().sum()
    }

    /// Notes what a worker said, at a time.
    pub(crate) fn note(&mut self, worker: u32, time: u64, entry: Entry) {
        let services = self.workers.entry(worker).or_default();
        match entry {
            Entry::Allocating { service } => {
                services.uncertain.insert(service, Uncertain::Allocated);
                self.uncertain += 1;
            }
            Entry::Allocated { service, id, port } => {
                services.uncertain.remove(&service);
                self.uncertain -= 1;
                *self.acknowledged.entry(worker).or_default() += 1;
                services.held.insert(service.clone(), id);
                let given = Given {
                    service,
                    port,
                    held_from: time,
                    held_to: None,
                };
                let before = self.given.insert(id, given.clone());
                assert_eq!(before, None, "{id} was given twice, to {given:?} as well");
            }
            Entry::Releasing { service } => {
                let id = services
                    .held
                    .remove(&service)
                    .expect("what is released is held");
                self.given.get_mut(&id).expect("it was given").held_to = Some(time);
                services.uncertain.insert(service, Uncertain::Released(id));
                self.uncertain += 1;
            }
            Entry::Released { service } => {
                self.uncertain -= 1;
                *self.acknowledged.entry(worker).or_default() += 1;
                if let Some(Uncertain::Allocated) = services.uncertain.remove(&service) {
                    services.late.insert(service);
                }
            }
            Entry::Refused { service } => {
                self.uncertain -= 1;
                if let Some(Uncertain::Released(id)) = services.uncertain.remove(&service) {
                    services.held.insert(service, id);
                    self.given.get_mut(&id).expect("it was given").held_to = None;
                }
            }
            Entry::Listed { rows } => {
                let (ids, ports): (BTreeSet<u64>, BTreeSet<u16>) = rows.iter().copied().unzip();
                assert!(rows.is_sorted(), "{rows:?}");
                assert_eq!(
                    (ids.len(), ports.len()),
                    (rows.len(), rows.len()),
                    "{rows:?}"
                );
                for id in services.held.values() {
                    let port = self.given[id].port;
                    assert!(
                        rows.contains(&(*id, port)),
                        "{id} of {worker} is not in {rows:?}"
                    );
                }
            }
        }
    }

    /// How many allocations and releases of these workers were acknowledged.
    pub(crate) fn acknowledged_by(&self, workers: Range<u32>) -> usize {
        self.acknowledged
            .range(workers)
            .map(|(_, count)| count)
            .sum()
    }

    /// The services that a worker holds for certain, and those that it may hold.
    pub(crate) fn services_of(&self, worker: u32) -> (Vec<String>, Vec<String>) {
        let Some(services) = self.workers.get(&worker) else {
            return (Vec::new(), Vec::new());
        };
        let held = services.held.keys().cloned().collect();
        (held, services.uncertain.keys().cloned().collect())
    }

    /// Checks that all that was acknowledged is held in the end, and nothing else but what was not
    /// answered.
    pub(crate) fn check(&self, held: &[Allocation]) {
        let mut found: BTreeMap<(u32, String), &Allocation> = BTreeMap::new();
        for allocation in held {
            let worker = allocation.key.app().parse().unwrap();
            let service = allocation.key.service().to_owned();
            let other = found.insert((worker, service), allocation);
            assert!(other.is_none(), "{allocation:?} and {other:?}");
        }
        for (worker, services) in &self.workers {
            for (service, id) in &services.held {
                let found = found.remove(&(*worker, service.clone()));
                let found = found.map(|it| (it.id.get(), it.port.get()));
                let given = (*id, self.given[id].port);
                assert_eq!(found, Some(given), "{service} of {worker} is lost");
            }
            let late = services
                .late
                .iter()
                .map(|service| (service, &Uncertain::Allocated));
            for (service, uncertain) in services.uncertain.iter().chain(late) {
                let Some(found) = found.remove(&(*worker, service.clone())) else {
                    continue;
                };
                match uncertain {
                    Uncertain::Allocated => {
                        let given = self.given.get(&found.id.get());
                        assert_eq!(given, None, "{found:?} was given before");
                    }
                    Uncertain::Released(id) => assert_eq!(found.id.get(), *id, "{found:?}"),
                }
            }
        }
        assert!(
            found.is_empty(),
            "{found:?} were released, or never asked for"
        );
        self.check_times();
    }

    /// Checks that nobody held a port while somebody else did.
    fn check_times(&self) {
        let mut by_port: BTreeMap<u16, Vec<&Given>> = BTreeMap::new();
        for given in self.given.values() {
            by_port.entry(given.port).or_default().push(given);
        }
        for holders in by_port.values_mut() {
            holders.sort_by_key(|holder| holder.held_from);
            for pair in holders.windows(2) {
                let is_over = pair[0].held_to.is_some_and(|end| end <= pair[1].held_from);
                assert!(is_over, "{pair:?}");
            }
        }
    }
}

impl fmt::Display for Diary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged, {} of them numbers given out, {} not answered",
            self.acknowledged(),
            self.given.len(),
            self.uncertain
        )
    }
}
