//! Records a history of concurrent clients.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use port_registry::{Filter, Port, Registry, ServiceKey};

use super::backends::{AnswerTimeout, HttpClient, InProcessClient, RegistryClient};
use super::daemon::RestartableDaemon;
use super::recorder::{ClientHistory, Recorder};
use fastrand::Rng;
use test_support::model::{ModelAnswer, Operation, Want, WantedMove};

/// Number of clients of each backend.
const CLIENTS: u64 = 3;
/// Number of operations of each client.
const OPS: u64 = 16;

/// Number of ports that clients request. The last one is outside of the range, so it is allocated only on request.
pub(crate) const PORTS: u16 = 4;

/// The range to allocate from. It is smaller than the number of services, so that at times no port is free.
pub(crate) fn range(first: u16) -> RangeInclusive<u16> {
    first..=first + PORTS - 2
}

/// Reason why some operations have no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The daemon is killed and replaced during the round.
    Kill,
    /// Some clients give up soon: they hang up before the answer, or do not wait for the writer lock.
    Haste,
}

impl Trouble {
    pub(crate) const ALL: [Trouble; 3] = [Trouble::None, Trouble::Kill, Trouble::Haste];
}

/// Records random operations of clients of both backends on a new store. The last event lists the store in the
/// end.
pub(crate) fn record(seed: u64, trouble: Trouble, first_port: u16) -> ClientHistory {
    let range = range(first_port);
    let daemon = RestartableDaemon::start(&range);
    let store = daemon.sandbox.store();
    let (timeout, short_wait) = match trouble {
        Trouble::None | Trouble::Kill => (AnswerTimeout::Long, Duration::from_secs(60)),
        Trouble::Haste => (AnswerTimeout::Varying, Duration::from_millis(4)),
    };
    let (sent, requests) = mpsc::channel();
    let over_http = (0..CLIENTS).map(|number| {
        let mut backend = HttpClient::new(&daemon, seed * CLIENTS + number, timeout);
        backend.sent = Some(sent.clone());
        (
            format!("http-{number}"),
            Box::new(backend) as Box<dyn RegistryClient>,
        )
    });
    let in_process = (0..CLIENTS).map(|number| {
        let wait = if number == 0 {
            short_wait
        } else {
            Duration::from_secs(60)
        };
        let backend = InProcessClient::open(&store, &range, wait);
        (
            format!("process-{number}"),
            Box::new(backend) as Box<dyn RegistryClient>,
        )
    });
    let backends: Vec<_> = over_http.chain(in_process).collect();
    drop(sent);

    let newest = AtomicU64::new(0);
    let together = Barrier::new(backends.len());
    let recorder = Recorder::start();
    let mut random = Rng::with_seed(seed);
    thread::scope(|scope| {
        for (client, mut backend) in backends {
            let (recorder, newest, together) = (&recorder, &newest, &together);
            let mut random = Rng::with_seed(random.u64(..));
            scope.spawn(move || {
                together.wait();
                for _ in 0..OPS {
                    let op = any_operation(&mut random, first_port, newest.load(Ordering::Relaxed));
                    let answer = recorder.ask(&client, &mut *backend, op);
                    if let Some(ModelAnswer::Allocated(record) | ModelAnswer::Moved(record)) =
                        answer
                    {
                        newest.fetch_max(record.id, Ordering::Relaxed);
                    }
                }
            });
        }
        if trouble == Trouble::Kill {
            let enough = 4 + random.u64(..CLIENTS * OPS / 2);
            let begun = requests.iter().take(usize::try_from(enough).unwrap());
            if begun.count() > 0 {
                // A random delay, so that the kill hits different points of a commit.
                thread::sleep(Duration::from_micros(random.u64(..4000)));
                daemon.kill_and_restart();
            }
        }
    });
    let mut afterwards = InProcessClient::open(&store, &range, Duration::from_secs(60));
    recorder.ask(
        "afterwards",
        &mut afterwards,
        Operation::List(Filter::new()),
    );
    Registry::builder()
        .with_path(&store)
        .open()
        .unwrap()
        .verify()
        .unwrap();
    recorder.history()
}

/// Chooses an operation that is likely to conflict with those of other clients.
fn any_operation(random: &mut Rng, first_port: u16, newest: u64) -> Operation {
    // Includes the id that is likely to be allocated next.
    let id = (newest + 1).saturating_sub(random.u64(..4)).max(1);
    match random.u64(..24) {
        20..24 => Operation::Move(WantedMove {
            id,
            port: random.bool().then(|| any_port(random, first_port).get()),
            prefer: random.bool().then(|| any_port(random, first_port).get()),
            adopt: false,
        }),
        0..4 => Operation::Allocate(any_want(random, first_port)),
        4..8 => Operation::GetOrAllocate(any_want(random, first_port)),
        8..11 => Operation::Release(id),
        11 => Operation::ReleaseMatching(any_filter(random, first_port)),
        12..16 => Operation::Find(id),
        16..18 => Operation::List(Filter::new().with_port(any_port(random, first_port))),
        18 => Operation::List(any_filter(random, first_port)),
        _ => Operation::List(Filter::new()),
    }
}

fn any_want(random: &mut Rng, first_port: u16) -> Want {
    let key = key(any_names(random));
    let port = (random.u8(..3) == 0).then(|| any_port(random, first_port).get());
    let prefer = (random.u8(..3) == 0).then(|| any_port(random, first_port).get());
    let avoid = if random.u8(..4) == 0 {
        vec![any_port(random, first_port).get()]
    } else {
        Vec::new()
    };
    Want {
        port,
        prefer,
        avoid,
        ..Want::any_port(key)
    }
}

fn any_filter(random: &mut Rng, first_port: u16) -> Filter {
    let (app, service) = any_names(random);
    let all = Filter::new();
    match random.u64(..4) {
        0 => all.with_app(app),
        1 => all.with_service(service),
        2 => all.with_port(any_port(random, first_port)),
        _ => all
            .with_app(app)
            .with_instance("main")
            .with_service(service),
    }
}

/// Chooses one of four services.
fn any_names(random: &mut Rng) -> (&'static str, &'static str) {
    let app = if random.u8(..2) == 0 { "shop" } else { "blog" };
    let service = if random.u8(..2) == 0 { "web" } else { "db" };
    (app, service)
}

pub(crate) fn key((app, service): (&str, &str)) -> ServiceKey {
    ServiceKey::new(app, "main", service).unwrap()
}

fn any_port(random: &mut Rng, first_port: u16) -> Port {
    let offset = random.u16(..PORTS);
    Port::new(first_port + offset).unwrap()
}
