//! A history of clients that get in each other's way.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use port_registry::{Filter, Port, Registry, ServiceKey};

use super::backends::{Backend, InProcess, OverHttp, Patience};
use super::recorder::{ClientHistory, Recorder};
use super::server::Server;
use fastrand::Rng;
use test_support::model::{Answer, Op, Want};

/// Of each backend.
const CLIENTS: u64 = 3;
/// Of each client.
const OPS: u64 = 16;

/// Ports that can be asked for. The last of them is given only to those who do.
pub(crate) const PORTS: u16 = 4;

/// Where ports are chosen from. There are more services, so that at times none is free.
pub(crate) fn range(first: u16) -> RangeInclusive<u16> {
    first..=first + PORTS - 2
}

/// Why some operations have no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The daemon is killed in the midst, and another one is started.
    Kill,
    /// Clients hang up at times before the daemon has answered, or do not wait for their turn.
    Haste,
}

impl Trouble {
    pub(crate) const ALL: [Trouble; 3] = [Trouble::None, Trouble::Kill, Trouble::Haste];
}

/// Lets clients of both backends ask at random on a new store, and tells what they were told. The last
/// event is what is stored in the end.
pub(crate) fn record(seed: u64, trouble: Trouble, first_port: u16) -> ClientHistory {
    let range = range(first_port);
    let server = Server::start(&range);
    let store = server.sandbox.store();
    let (patience, short_wait) = match trouble {
        Trouble::None | Trouble::Kill => (Patience::Enough, Duration::from_secs(60)),
        Trouble::Haste => (Patience::Varying, Duration::from_millis(4)),
    };
    let (sent, requests) = mpsc::channel();
    let over_http = (0..CLIENTS).map(|number| {
        let mut backend = OverHttp::new(&server, seed * CLIENTS + number, patience);
        backend.sent = Some(sent.clone());
        (
            format!("http-{number}"),
            Box::new(backend) as Box<dyn Backend>,
        )
    });
    let in_process = (0..CLIENTS).map(|number| {
        let wait = if number == 0 {
            short_wait
        } else {
            Duration::from_secs(60)
        };
        let backend = InProcess::open(&store, &range, wait);
        (
            format!("process-{number}"),
            Box::new(backend) as Box<dyn Backend>,
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
                    let op = any_op(&mut random, first_port, newest.load(Ordering::Relaxed));
                    let answer = recorder.ask(&client, &mut *backend, op);
                    if let Some(Answer::Allocated(record)) = answer {
                        newest.fetch_max(record.id, Ordering::Relaxed);
                    }
                }
            });
        }
        if trouble == Trouble::Kill {
            let enough = 4 + random.u64(..CLIENTS * OPS / 2);
            let begun = requests.iter().take(usize::try_from(enough).unwrap());
            if begun.count() > 0 {
                // This waits for nothing: a commit is to be met at another point each time.
                thread::sleep(Duration::from_micros(random.u64(..4000)));
                server.kill_and_restart();
            }
        }
    });
    let mut afterwards = InProcess::open(&store, &range, Duration::from_secs(60));
    recorder.ask("afterwards", &mut afterwards, Op::List(Filter::new()));
    Registry::builder()
        .with_path(&store)
        .open()
        .unwrap()
        .verify()
        .unwrap();
    recorder.history()
}

/// Something to ask, so that it meets what others ask.
fn any_op(random: &mut Rng, first_port: u16, newest: u64) -> Op {
    // The number that is likely to be given next can be asked for too.
    let number = (newest + 1).saturating_sub(random.u64(..4)).max(1);
    match random.u64(..20) {
        0..4 => Op::Allocate(any_want(random, first_port)),
        4..8 => Op::GetOrAllocate(any_want(random, first_port)),
        8..11 => Op::Release(number),
        11 => Op::ReleaseMatching(any_filter(random, first_port)),
        12..16 => Op::Find(number),
        16..18 => Op::List(Filter::new().with_port(any_port(random, first_port))),
        18 => Op::List(any_filter(random, first_port)),
        _ => Op::List(Filter::new()),
    }
}

fn any_want(random: &mut Rng, first_port: u16) -> Want {
    let key = key(any_names(random));
    let port = (random.u8(..3) == 0).then(|| any_port(random, first_port).get());
    Want {
        port,
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

/// One of four.
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
