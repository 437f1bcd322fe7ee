//! The environment of the registry in a run.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use port_registry::daemon::fnv_hash;
use port_registry::{CheckoutPath, Filter, Port, Registry, ServiceKey, Verdict};
use test_support::model::{Operation, Want, WantedMove, World};

use super::steps::{RandomClaim, RandomFilter, RandomRequest};

/// Checkouts, and the verdicts of probes.
#[derive(Clone)]
pub(super) struct ModelWorld {
    range: RangeInclusive<u16>,
    order: Vec<u16>,
    folder: PathBuf,
    /// Verdicts of ports that have been set. Other ports are free.
    verdicts: Arc<Mutex<BTreeMap<u16, Option<Verdict>>>>,
}

impl World for ModelWorld {
    fn ports(&self) -> impl Iterator<Item = u16> {
        self.order.iter().copied()
    }

    fn verdict(&self, port: u16) -> Option<Verdict> {
        verdict(&self.verdicts, port)
    }

    fn has_dir(&self, dir: &str) -> bool {
        Path::new(dir).exists()
    }

    fn unmarked<'a>(&self, dir: &str, instance: &'a str) -> &'a str {
        let label = instance.strip_suffix(&mark(dir));
        label.unwrap_or(instance)
    }
}

impl ModelWorld {
    /// Creates checkouts 0 and 1. Checkout 2 does not exist at first.
    pub(super) fn create(range: RangeInclusive<u16>, folder: &Path) -> ModelWorld {
        let world = ModelWorld {
            order: order(range.clone()),
            range,
            folder: folder.to_owned(),
            verdicts: Arc::default(),
        };
        std::fs::create_dir(world.dir(0)).unwrap();
        std::fs::create_dir(world.dir(1)).unwrap();
        world
    }

    pub(super) fn open(&self) -> Registry {
        let verdicts = self.verdicts.clone();
        let range = format!("{}-{}", self.range.start(), self.range.end());
        Registry::builder()
            .with_path(self.folder.join("ports.redb"))
            .with_range(range.parse().unwrap())
            .with_probe(move |port: Port| {
                verdict(&verdicts, port.get()).ok_or_else(|| std::io::Error::other("no answer"))
            })
            .open()
            .unwrap()
    }

    pub(super) fn set_verdict(&self, port: u16, verdict: Option<Verdict>) {
        self.verdicts.lock().unwrap().insert(port, verdict);
    }

    pub(super) fn set_folder(&self, dir: u8, exists: bool) {
        let dir = self.dir(dir);
        // It may be so already.
        let _ = if exists {
            std::fs::create_dir(dir)
        } else {
            std::fs::remove_dir(dir)
        };
    }

    pub(super) fn each_dir(&self) -> impl Iterator<Item = CheckoutPath> {
        (0..3).map(|number| CheckoutPath::of(self.dir(number)).unwrap())
    }

    pub(super) fn each_port(&self) -> impl Iterator<Item = Port> {
        self.order.iter().map(|port| Port::new(*port).unwrap())
    }

    pub(super) fn port(&self, index: usize) -> Port {
        Port::new(self.order[index % self.order.len()]).unwrap()
    }

    /// Returns a port of the range, or one behind it from 10 on, which may still be in the range.
    fn wished_port(&self, index: usize) -> u16 {
        match index {
            0..10 => self.port(index).get(),
            _ => self.range.end().saturating_add(1),
        }
    }

    pub(super) fn ops(&self, requests: &[RandomRequest]) -> Vec<Operation> {
        requests.iter().map(|request| self.op(request)).collect()
    }

    fn op(&self, request: &RandomRequest) -> Operation {
        match request {
            RandomRequest::Allocate(claim) => Operation::Allocate(self.want(claim)),
            RandomRequest::GetOrAllocate(claim) => Operation::GetOrAllocate(self.want(claim)),
            RandomRequest::Move(wanted) => Operation::Move(WantedMove {
                id: wanted.id,
                port: wanted.port.map(|index| self.port(index).get()),
                prefer: wanted.prefer.map(|index| self.wished_port(index)),
                adopt: wanted.adopt,
            }),
            RandomRequest::Release(id) => Operation::Release(*id),
            RandomRequest::ReleaseMatching(filter) => {
                Operation::ReleaseMatching(self.filter(filter))
            }
        }
    }

    fn want(&self, claim: &RandomClaim) -> Want {
        Want {
            key: key(claim.key),
            port: claim.port.map(|index| self.port(index).get()),
            prefer: claim.prefer.map(|index| self.wished_port(index)),
            avoid: claim.avoid.iter().map(|it| self.wished_port(*it)).collect(),
            dir: claim.dir.map(|number| self.dir(number)),
            label_origin: claim.label_origin,
            marked_instance: claim
                .mark
                .map(|mark| format!("instance{}-{mark}", claim.key.1)),
            adopt: claim.adopt,
        }
    }

    pub(super) fn filter(&self, random: &RandomFilter) -> Filter {
        let mut filter = Filter::new();
        if let Some(app) = random.app {
            filter = filter.with_app(format!("app{app}"));
        }
        if let Some(instance) = random.instance {
            filter = filter.with_instance(format!("instance{instance}"));
        }
        if let Some(service) = random.service {
            filter = filter.with_service(format!("service{service}"));
        }
        if let Some(index) = random.port {
            filter = filter.with_port(self.port(index));
        }
        if let Some(number) = random.dir {
            filter = filter.with_dir(CheckoutPath::of(self.dir(number)).unwrap());
        }
        filter
    }

    fn dir(&self, number: u8) -> String {
        let dir = self.folder.join(format!("checkout-{number}"));
        dir.to_str().unwrap().to_owned()
    }
}

/// Returns the mark of a checkout.
fn mark(dir: &str) -> String {
    let hash = fnv_hash(dir.as_bytes()).swap_bytes();
    format!("-{:04x}", hash >> 48)
}

/// Returns the ports of a range, most preferred first.
fn order(range: RangeInclusive<u16>) -> Vec<u16> {
    let first_ephemeral_port = first_ephemeral_port();
    let class = |port: &u16| match *port {
        989 | 990 | 993 | 6665..=6669 => 5,
        1..=1023 => 4,
        port if port >= first_ephemeral_port => 3,
        1024..=2999 => 2,
        _ => 1,
    };
    let mut ports: Vec<u16> = range.collect();
    ports.sort_by_key(class);
    ports
}

/// Returns the first port of the kernel's ephemeral range.
fn first_ephemeral_port() -> u16 {
    match std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range") {
        Ok(range) => range.split_whitespace().next().unwrap().parse().unwrap(),
        Err(_) => 49152,
    }
}

fn verdict(verdicts: &Mutex<BTreeMap<u16, Option<Verdict>>>, port: u16) -> Option<Verdict> {
    let verdicts = verdicts.lock().unwrap();
    verdicts.get(&port).copied().unwrap_or(Some(Verdict::Free))
}

/// Returns the keys of all services.
pub(super) fn keys() -> impl Iterator<Item = ServiceKey> {
    (0..16).map(|number| key((number / 8, number / 4 % 2, number % 4)))
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
