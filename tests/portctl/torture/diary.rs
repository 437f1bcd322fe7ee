//! A record of the requests that the workers announced, and of their results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use port_registry::Allocation;
use test_support::torture::DiaryEntry;

/// Numbers of the workers of each kind: with the library, over HTTP, and with commands.
pub(crate) const WORKERS: [Range<u32>; 3] = [0..2, 2..4, 10..12];

/// The known state of each worker's services.
#[derive(Debug, Default)]
pub(crate) struct Diary {
    /// Number of acknowledged changes that ends the test.
    enough: usize,
    /// Why the test ended before the diary was full.
    given_up: Option<String>,
    workers: BTreeMap<u32, WorkerServices>,
    /// Acknowledged allocations by their ids, including those released since.
    given: BTreeMap<u64, KnownAllocation>,
    /// Number of acknowledged changes of each worker.
    acknowledged: BTreeMap<u32, usize>,
    /// Number of checked lists of each worker.
    listed: BTreeMap<u32, usize>,
    /// Number of announced requests without a result.
    uncertain: usize,
}

/// An allocation that was acknowledged.
#[derive(Clone, Debug, PartialEq)]
struct KnownAllocation {
    service: String,
    port: u16,
    /// Time of the acknowledgement, in microseconds since the Unix epoch.
    held_from: u64,
    /// Time at which its move or release was announced.
    held_to: Option<u64>,
}

/// The services that a worker holds, or may hold.
#[derive(Debug, Default)]
struct WorkerServices {
    /// Id of each service's allocation.
    held: BTreeMap<String, u64>,
    /// Services whose allocation, move or release has no result.
    uncertain: BTreeMap<String, Uncertain>,
    /// Uncertain services that were released as a precaution. An allocation in progress when its client was
    /// killed may still take effect after that release.
    late: BTreeSet<String>,
}

#[derive(Debug)]
enum Uncertain {
    Allocated,
    /// The service held the allocation with this id, and still does, or has another one.
    Moved {
        id: u64,
        /// The worker's successor may have released it.
        may_be_gone: bool,
    },
    /// The service held the allocation with this id.
    Released(u64),
}

impl WorkerServices {
    /// Announces that a service may lose its port from this time on. Returns the id of its allocation.
    fn give_up(
        &mut self,
        service: &str,
        time: u64,
        given: &mut BTreeMap<u64, KnownAllocation>,
    ) -> u64 {
        let held = self.held.remove(service);
        let id = held.expect("workers move and release only services that they hold");
        let given = given.get_mut(&id).expect("the id was allocated");
        given.held_to = Some(time);
        id
    }
}

impl Diary {
    /// Creates a diary that is full after this many acknowledged changes.
    pub(crate) fn of(enough: usize) -> Diary {
        Diary {
            enough,
            ..Diary::default()
        }
    }

    /// Returns true after enough acknowledgements. Each kind of worker must have at least one, and one checked
    /// list.
    pub(crate) fn is_full(&self) -> bool {
        let mut kinds = WORKERS.into_iter();
        self.acknowledged() >= self.enough
            && kinds.all(|kind| self.acknowledged_by(kind.clone()) > 0 && self.listed_by(kind) > 0)
    }

    /// Ends the test before the diary is full. Keeps the first reason.
    pub(crate) fn give_up(&mut self, reason: String) {
        self.given_up.get_or_insert(reason);
    }

    pub(crate) fn given_up(&self) -> Option<&str> {
        self.given_up.as_deref()
    }

    /// Returns true if the diary is full, or the test was given up.
    pub(crate) fn is_over(&self) -> bool {
        self.given_up.is_some() || self.is_full()
    }

    /// Number of acknowledged changes.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.values().sum()
    }

    /// Records an entry of a worker at a time.
    pub(crate) fn record(&mut self, worker: u32, time: u64, entry: DiaryEntry) {
        let services = self.workers.entry(worker).or_default();
        match entry {
            DiaryEntry::Allocating { service } => {
                services.uncertain.insert(service, Uncertain::Allocated);
                self.uncertain += 1;
            }
            DiaryEntry::Allocated { service, id, port }
            | DiaryEntry::Moved { service, id, port } => {
                services.uncertain.remove(&service);
                self.uncertain -= 1;
                *self.acknowledged.entry(worker).or_default() += 1;
                services.held.insert(service.clone(), id);
                let given = KnownAllocation {
                    service,
                    port,
                    held_from: time,
                    held_to: None,
                };
                let before = self.given.insert(id, given.clone());
                assert_eq!(
                    before, None,
                    "id {id} was allocated twice, also to {given:?}"
                );
            }
            DiaryEntry::Moving { service } => {
                let id = services.give_up(&service, time, &mut self.given);
                let moved = Uncertain::Moved {
                    id,
                    may_be_gone: false,
                };
                services.uncertain.insert(service, moved);
                self.uncertain += 1;
            }
            DiaryEntry::Releasing { service } => {
                let id = services.give_up(&service, time, &mut self.given);
                services.uncertain.insert(service, Uncertain::Released(id));
                self.uncertain += 1;
            }
            DiaryEntry::Released { service } => {
                self.uncertain -= 1;
                *self.acknowledged.entry(worker).or_default() += 1;
                if let Some(Uncertain::Allocated) = services.uncertain.remove(&service) {
                    services.late.insert(service);
                }
            }
            DiaryEntry::Refused { service } => {
                self.uncertain -= 1;
                if let Some(Uncertain::Moved { id, .. } | Uncertain::Released(id)) =
                    services.uncertain.remove(&service)
                {
                    services.held.insert(service, id);
                    let given = self.given.get_mut(&id).expect("the id was allocated");
                    given.held_to = None;
                }
            }
            DiaryEntry::Listed { rows } => {
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
                        "id {id} of worker {worker} is missing in {rows:?}"
                    );
                }
                *self.listed.entry(worker).or_default() += 1;
            }
        }
    }

    /// Number of acknowledged changes of these workers.
    pub(crate) fn acknowledged_by(&self, workers: Range<u32>) -> usize {
        let counts = self.acknowledged.range(workers);
        counts.map(|(_, count)| count).sum()
    }

    /// Number of checked lists of these workers.
    pub(crate) fn listed_by(&self, workers: Range<u32>) -> usize {
        let counts = self.listed.range(workers);
        counts.map(|(_, count)| count).sum()
    }

    /// Returns the services that a worker holds, and those that it may hold, which the caller releases.
    pub(crate) fn take_over(&mut self, worker: u32) -> (Vec<String>, Vec<String>) {
        let Some(services) = self.workers.get_mut(&worker) else {
            return (Vec::new(), Vec::new());
        };
        for uncertain in services.uncertain.values_mut() {
            if let Uncertain::Moved { may_be_gone, .. } = uncertain {
                *may_be_gone = true;
            }
        }
        let held = services.held.keys().cloned().collect();
        (held, services.uncertain.keys().cloned().collect())
    }

    /// Asserts that the store holds every acknowledged allocation, and nothing else except allocations of
    /// requests without a result.
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
                assert_eq!(found, Some(given), "{service} of worker {worker} is lost");
            }
            let late = services
                .late
                .iter()
                .map(|service| (service, &Uncertain::Allocated));
            for (service, uncertain) in services.uncertain.iter().chain(late) {
                let Some(found) = found.remove(&(*worker, service.clone())) else {
                    let is_lost = matches!(
                        uncertain,
                        Uncertain::Moved {
                            may_be_gone: false,
                            ..
                        }
                    );
                    assert!(!is_lost, "{service} of worker {worker} was lost by a move");
                    continue;
                };
                match uncertain {
                    Uncertain::Moved { id, .. } if found.id.get() == *id => {}
                    Uncertain::Allocated | Uncertain::Moved { .. } => {
                        let given = self.given.get(&found.id.get());
                        assert_eq!(given, None, "{found:?} has an id that was allocated before");
                    }
                    Uncertain::Released(id) => assert_eq!(found.id.get(), *id, "{found:?}"),
                }
            }
        }
        assert!(
            found.is_empty(),
            "{found:?} were released or never requested"
        );
        self.check_times();
    }

    /// Asserts that no two allocations held a port at the same time.
    fn check_times(&self) {
        let mut by_port: BTreeMap<u16, Vec<&KnownAllocation>> = BTreeMap::new();
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
            "{} acknowledged, {} of them with a new id, {} without a result, {} lists",
            self.acknowledged(),
            self.given.len(),
            self.uncertain,
            self.listed.values().sum::<usize>()
        )
    }
}
