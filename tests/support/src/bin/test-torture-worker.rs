//! `test-torture-worker STORE BACKEND APP GENERATION`: allocates and releases at random until it is killed.
//!
//! Lines of standard input tell what its predecessor left: `held SERVICE`, or `clear SERVICE` if it is not
//! known whether the service holds a port. `go` ends them. Lines of standard output are the time and an
//! [`Entry`].

#![expect(clippy::print_stdout, reason = "a test reads it")]

use std::collections::BTreeSet;
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fastrand::Rng;
use port_registry::{Claim, Error, Filter, Registry, ServiceKey, Verdict};
use serde_json::{Value, json};
use test_support::daemon::Client;
use test_support::torture::{Entry, RANGE, address_note, id_and_port, now};
use test_support::wait_until;

/// How many services a worker holds at most.
const MOST: usize = 100;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [store, backend, app, generation] = words[..] else {
        panic!("usage: test-torture-worker STORE BACKEND APP GENERATION");
    };
    let (store, app) = (PathBuf::from(store), app.to_owned());
    let mut asks: Box<dyn Asks> = match backend {
        "library" => Box::new(Library::open(app, &store)),
        "http" => Box::new(Http {
            app,
            store,
            client: None,
        }),
        _ => panic!("unknown backend {backend}"),
    };
    let held = take_over(&mut *asks);
    work(&mut *asks, held, generation.parse().unwrap());
}

/// Clears what is uncertain, and returns what is held.
fn take_over(asks: &mut dyn Asks) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    let lines = io::stdin().lines().map(Result::unwrap);
    for line in lines.take_while(|line| line != "go") {
        match line.split_once(' ').unwrap() {
            ("held", service) => drop(held.insert(service.to_owned())),
            ("clear", service) => clear(asks, service),
            _ => panic!("unknown line {line}"),
        }
    }
    held
}

fn work(asks: &mut dyn Asks, mut held: BTreeSet<String>, generation: u32) {
    let mut random = Rng::with_seed(generation.into());
    for number in 0.. {
        if number % 50 == 49 {
            if let Outcome::Done(rows) = asks.list() {
                say(&Entry::Listed { rows });
            }
        } else if held.len() >= MOST || (!held.is_empty() && random.u8(..3) == 0) {
            let service = random.choice(&held).unwrap().clone();
            held.remove(&service);
            release(asks, service);
        } else {
            let service = format!("{generation}-{number}");
            if allocate(asks, service.clone()) {
                held.insert(service);
            }
        }
    }
}

/// The result of a request.
enum Outcome<T> {
    Done(T),
    /// It had no effect.
    Refused,
    /// The request may or may not have taken effect.
    Unknown,
}

impl<T> Outcome<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Done(done) => Outcome::Done(f(done)),
            Outcome::Refused => Outcome::Refused,
            Outcome::Unknown => Outcome::Unknown,
        }
    }
}

/// Asks for the services of one worker.
trait Asks {
    /// Returns the id and the port.
    fn allocate(&mut self, service: &str) -> Outcome<(u64, u16)>;
    fn release(&mut self, service: &str) -> Outcome<()>;
    /// The id and the port of everybody's.
    fn list(&mut self) -> Outcome<Vec<(u64, u16)>>;
}

struct Library {
    app: String,
    registry: Registry,
}

impl Library {
    fn open(app: String, store: &Path) -> Library {
        // Enough patience for a slow disk with many at it.
        let builder = Registry::builder()
            .with_path(store)
            .with_wait(Duration::from_secs(60));
        let builder = builder.with_range(RANGE.parse().unwrap());
        let registry = builder.with_probe(|_| Ok(Verdict::Free)).open().unwrap();
        Library { app, registry }
    }
}

fn outcome<T>(answer: Result<T, Error>) -> Outcome<T> {
    match answer {
        Ok(done) => Outcome::Done(done),
        Err(Error::OutcomeUnknown { .. }) => Outcome::Unknown,
        Err(Error::NoFreePort { .. } | Error::Busy { .. }) => Outcome::Refused,
        Err(error) => panic!("{error}"),
    }
}

impl Asks for Library {
    fn allocate(&mut self, service: &str) -> Outcome<(u64, u16)> {
        let key = ServiceKey::new(&*self.app, "main", service).unwrap();
        let allocated = self.registry.allocate(Claim::new(key));
        outcome(allocated.map(|it| (it.id.get(), it.port.get())))
    }

    fn release(&mut self, service: &str) -> Outcome<()> {
        let filter = Filter::new().with_app(&*self.app).with_service(service);
        outcome(self.registry.release_matching(filter).map(drop))
    }

    fn list(&mut self) -> Outcome<Vec<(u64, u16)>> {
        let listed = self.registry.list(&Filter::new());
        let rows = |it: &port_registry::Allocation| (it.id.get(), it.port.get());
        outcome(listed.map(|listed| listed.iter().map(rows).collect()))
    }
}

struct Http {
    app: String,
    store: PathBuf,
    client: Option<Client>,
}

impl Http {
    /// Asks the daemon that there is. A connection that breaks off leaves open what became of it.
    fn ask(&mut self, method: &str, body: &str) -> Outcome<Value> {
        let mut client = self.client.take().unwrap_or_else(|| connect(&self.store));
        let Ok(response) = client.try_ask(method, "/v1/allocations", body) else {
            return Outcome::Unknown;
        };
        match response.status {
            200 | 201 => {
                self.client = Some(client);
                Outcome::Done(response.json(response.status))
            }
            // The range is used up; it is busy, or stopping. Nothing was done.
            507 | 503 => Outcome::Refused,
            500 if response.body.contains("it is unknown whether") => Outcome::Unknown,
            _ => panic!("{response:?}"),
        }
    }
}

/// Waits for a daemon, which is the one that left the note: its port may be somebody else's by now.
fn connect(store: &Path) -> Client {
    let mut connected = None;
    wait_until("there is a daemon", || {
        let note = std::fs::read_to_string(address_note(store)).unwrap();
        let (address, pid) = note.split_once(' ').unwrap();
        let client = Client::try_connect(address.parse().unwrap());
        connected = client.ok().and_then(|mut client| {
            let answer = client.try_ask("GET", "/healthz", "").ok()?;
            let identity = answer.header("x-port-registry")?;
            identity.ends_with(&format!("pid={pid}")).then_some(client)
        });
        connected.is_some()
    });
    connected.unwrap()
}

impl Asks for Http {
    fn allocate(&mut self, service: &str) -> Outcome<(u64, u16)> {
        let body = json!({"app": self.app, "instance": "main", "service": service});
        let allocated = self.ask("POST", &body.to_string());
        allocated.map(|allocation| id_and_port(&allocation))
    }

    fn release(&mut self, service: &str) -> Outcome<()> {
        let body = json!({"app": self.app, "service": service});
        self.ask("DELETE", &body.to_string()).map(drop)
    }

    fn list(&mut self) -> Outcome<Vec<(u64, u16)>> {
        self.ask("GET", "").map(|listed| {
            let listed = listed.as_array().unwrap();
            listed.iter().map(id_and_port).collect()
        })
    }
}

fn allocate(asks: &mut dyn Asks, service: String) -> bool {
    say(&Entry::Allocating {
        service: service.clone(),
    });
    match asks.allocate(&service) {
        Outcome::Done((id, port)) => {
            say(&Entry::Allocated { service, id, port });
            return true;
        }
        Outcome::Refused => say(&Entry::Refused { service }),
        Outcome::Unknown => {}
    }
    false
}

fn release(asks: &mut dyn Asks, service: String) {
    say(&Entry::Releasing {
        service: service.clone(),
    });
    match asks.release(&service) {
        Outcome::Done(()) => say(&Entry::Released { service }),
        Outcome::Refused => say(&Entry::Refused { service }),
        Outcome::Unknown => {}
    }
}

/// Makes sure of a service of which it is not known whether it holds a port.
fn clear(asks: &mut dyn Asks, service: &str) {
    if let Outcome::Done(()) = asks.release(service) {
        say(&Entry::Released {
            service: service.to_owned(),
        });
    }
}

fn say(entry: &Entry) {
    println!("{} {entry}", now());
}
