//! What everybody said that they did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use port_registry::Allocation;

/// What is known of each worker's services.
#[derive(Debug, Default)]
pub(crate) struct Diary {
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

/// What a worker says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    Allocating {
        service: String,
    },
    Allocated {
        service: String,
        id: u64,
        port: u16,
    },
    Releasing {
        service: String,
    },
    Released {
        service: String,
    },
    /// What it was about to do was refused, and has had no effect.
    Refused {
        service: String,
    },
    /// The number and the port of what everybody holds.
    Listed {
        rows: Vec<(u64, u16)>,
    },
}

impl Entry {
    /// What is printed by [`Display`](fmt::Display); `None` for half of it.
    pub(crate) fn parse(text: &str) -> Option<Entry> {
        let mut words = text.split(' ');
        let what = words.next()?;
        let service = words.next()?.to_owned();
        let entry = match what {
            "allocating" => Entry::Allocating { service },
            "allocated" => Entry::Allocated {
                service,
                id: words.next()?.parse().ok()?,
                port: words.next()?.parse().ok()?,
            },
            "releasing" => Entry::Releasing { service },
            "released" => Entry::Released { service },
            "refused" => Entry::Refused { service },
            "listed" => {
                let mut rows = Vec::new();
                while let Some(id) = words.next().filter(|word| *word != ".") {
                    rows.push((id.parse().ok()?, words.next()?.parse().ok()?));
                }
                return Some(Entry::Listed { rows });
            }
            _ => return None,
        };
        (words.next()? == ".").then_some(entry)
    }
}

/// Ends with a full stop, by which a whole one is told from half of one.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Allocating { service } => write!(f, "allocating {service} ."),
            Entry::Allocated { service, id, port } => {
                write!(f, "allocated {service} {id} {port} .")
            }
            Entry::Releasing { service } => write!(f, "releasing {service} ."),
            Entry::Released { service } => write!(f, "released {service} ."),
            Entry::Refused { service } => write!(f, "refused {service} ."),
            Entry::Listed { rows } => {
                write!(f, "listed all")?;
                rows.iter()
                    .try_for_each(|(id, port)| write!(f, " {id} {port}"))?;
                write!(f, " .")
            }
        }
    }
}

impl Diary {
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
            self.acknowledged.values().sum::<usize>(),
            self.given.len(),
            self.uncertain
        )
    }
}
