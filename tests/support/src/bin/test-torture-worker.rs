//! `test-torture-worker STORE BACKEND APP GENERATION`: allocates, moves and releases at random until it is killed.
//!
//! Standard input lists the services of the worker's predecessor: `held SERVICE` if the service has a port,
//! and `clear SERVICE` if that is unknown. `go` ends the list. Each line of standard output is the time
//! and a [`DiaryEntry`].

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test reads it")]

use std::collections::BTreeSet;
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use port_registry::{Claim, Error, Filter, Move, Registry, ServiceKey, Verdict};
use serde_json::{Value, json};
use test_support::daemon::Client;
use test_support::torture::{DiaryEntry, RANGE, address_note, id_and_port, now};
use test_support::wait_until;

/// Maximum number of services that a worker holds.
const MAX_HELD: usize = 100;

/// Age at which a worker that nobody has killed must be stuck in a request.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [store, backend, app, generation] = words[..] else {
        panic!("usage: test-torture-worker STORE BACKEND APP GENERATION");
    };
    let (store, app) = (PathBuf::from(store), app.to_owned());
    let mut backend: Box<dyn WorkerBackend> = match backend {
        "library" => Box::new(LibraryWorker::open(app, &store)),
        "http" => Box::new(HttpWorker {
            app,
            store,
            client: None,
        }),
        _ => panic!("unknown backend {backend}"),
    };
    // The test waits for a worker's next line, and notices if it ends instead.
    thread::spawn(|| {
        thread::sleep(MAX_AGE);
        eprintln!("the worker is stuck");
        process::exit(1);
    });
    let held = take_over(&mut *backend);
    work(&mut *backend, held, generation.parse().unwrap());
}

/// Releases the predecessor's uncertain services, and returns those it held.
fn take_over(backend: &mut dyn WorkerBackend) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    let lines = io::stdin().lines().map(Result::unwrap);
    for line in lines.take_while(|line| line != "go") {
        match line.split_once(' ').unwrap() {
            ("held", service) => drop(held.insert(service.to_owned())),
            ("clear", service) => clear(backend, service),
            _ => panic!("unknown line {line}"),
        }
    }
    held
}

fn work(backend: &mut dyn WorkerBackend, mut held: BTreeSet<String>, generation: u32) {
    let mut random = Rng::with_seed(generation.into());
    for number in 0.. {
        if number % 5 == 4 {
            if let RequestOutcome::Done(rows) = backend.list() {
                say(&DiaryEntry::Listed { rows });
            }
        } else if held.len() >= MAX_HELD || (!held.is_empty() && random.u8(..3) == 0) {
            let service = random.choice(&held).unwrap().clone();
            held.remove(&service);
            release(backend, service);
        } else if !held.is_empty() && random.u8(..3) == 0 {
            let service = random.choice(&held).unwrap().clone();
            if !move_service(backend, service.clone()) {
                held.remove(&service);
            }
        } else {
            let service = format!("{generation}-{number}");
            if allocate(backend, service.clone()) {
                held.insert(service);
            }
        }
    }
}

/// The result of a request.
enum RequestOutcome<T> {
    Done(T),
    /// The request had no effect.
    Refused,
    /// The request may or may not have taken effect.
    Unknown,
}

impl<T> RequestOutcome<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> RequestOutcome<U> {
        match self {
            RequestOutcome::Done(done) => RequestOutcome::Done(f(done)),
            RequestOutcome::Refused => RequestOutcome::Refused,
            RequestOutcome::Unknown => RequestOutcome::Unknown,
        }
    }
}

/// A way to the registry for the services of one worker.
trait WorkerBackend {
    /// Returns the id and the port.
    fn allocate(&mut self, service: &str) -> RequestOutcome<(u64, u16)>;
    /// Returns the new id and port.
    fn move_service(&mut self, service: &str) -> RequestOutcome<(u64, u16)>;
    fn release(&mut self, service: &str) -> RequestOutcome<()>;
    /// Returns the id and the port of every allocation in the registry.
    fn list(&mut self) -> RequestOutcome<Vec<(u64, u16)>>;
}

struct LibraryWorker {
    app: String,
    registry: Registry,
}

impl LibraryWorker {
    fn open(app: String, store: &Path) -> LibraryWorker {
        // Long enough for a slow disk with many writers.
        let builder = Registry::builder()
            .with_path(store)
            .with_wait(Duration::from_secs(60));
        let builder = builder.with_range(RANGE.parse().unwrap());
        let registry = builder.with_probe(|_| Ok(Verdict::Free)).open().unwrap();
        LibraryWorker { app, registry }
    }
}

fn outcome<T>(answer: Result<T, Error>) -> RequestOutcome<T> {
    match answer {
        Ok(done) => RequestOutcome::Done(done),
        Err(Error::OutcomeUnknown { .. }) => RequestOutcome::Unknown,
        Err(Error::NoFreePort { .. } | Error::Busy { .. }) => RequestOutcome::Refused,
        Err(error) => panic!("{error}"),
    }
}

impl WorkerBackend for LibraryWorker {
    fn allocate(&mut self, service: &str) -> RequestOutcome<(u64, u16)> {
        let key = ServiceKey::new(&*self.app, "main", service).unwrap();
        let allocated = self.registry.allocate(Claim::new(key));
        outcome(allocated.map(|it| (it.id.get(), it.port.get())))
    }

    fn move_service(&mut self, service: &str) -> RequestOutcome<(u64, u16)> {
        let key = ServiceKey::new(&*self.app, "main", service).unwrap();
        let moved = self.registry.get_by_key(&key).and_then(|held| {
            let held = held.expect("the service is held");
            self.registry.move_service(Move::new(held.id))
        });
        outcome(moved.map(|it| (it.id.get(), it.port.get())))
    }

    fn release(&mut self, service: &str) -> RequestOutcome<()> {
        let filter = Filter::new().with_app(&*self.app).with_service(service);
        outcome(self.registry.release_matching(&filter).map(drop))
    }

    fn list(&mut self) -> RequestOutcome<Vec<(u64, u16)>> {
        let listed = self.registry.list(&Filter::new());
        let rows = |it: &port_registry::Allocation| (it.id.get(), it.port.get());
        outcome(listed.map(|listed| listed.iter().map(rows).collect()))
    }
}

struct HttpWorker {
    app: String,
    store: PathBuf,
    client: Option<Client>,
}

impl HttpWorker {
    /// Asks the current daemon. If the connection breaks, the outcome is unknown.
    fn ask(&mut self, method: &str, body: &str) -> RequestOutcome<Value> {
        self.ask_at("/v1/allocations", method, body)
    }

    fn ask_at(&mut self, path: &str, method: &str, body: &str) -> RequestOutcome<Value> {
        let mut client = self.client.take().unwrap_or_else(|| connect(&self.store));
        let Ok(response) = client.try_ask(method, path, body) else {
            return RequestOutcome::Unknown;
        };
        match response.status {
            200 | 201 => {
                self.client = Some(client);
                RequestOutcome::Done(response.json(response.status))
            }
            // The range is used up, or the daemon is busy or stopping. The request had no effect.
            507 | 503 => RequestOutcome::Refused,
            500 if response.body.contains("it is unknown whether") => RequestOutcome::Unknown,
            _ => panic!("{response:?}"),
        }
    }
}

/// Connects to the daemon that the note names. Retries until that daemon answers, because its port may belong
/// to another program by now.
fn connect(store: &Path) -> Client {
    let mut connected = None;
    wait_until("the daemon named by the note answers", || {
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

impl WorkerBackend for HttpWorker {
    fn allocate(&mut self, service: &str) -> RequestOutcome<(u64, u16)> {
        let body = json!({"app": self.app, "instance": "main", "service": service});
        let allocated = self.ask("POST", &body.to_string());
        allocated.map(|allocation| id_and_port(&allocation))
    }

    fn move_service(&mut self, service: &str) -> RequestOutcome<(u64, u16)> {
        let query = format!("/v1/allocations?app={}&service={service}", self.app);
        match self.ask_at(&query, "GET", "") {
            RequestOutcome::Done(held) => {
                let path = format!("/v1/allocations/{}", held[0]["id"]);
                let moved = self.ask_at(&path, "PATCH", "{}");
                moved.map(|allocation| id_and_port(&allocation))
            }
            RequestOutcome::Refused | RequestOutcome::Unknown => RequestOutcome::Refused,
        }
    }

    fn release(&mut self, service: &str) -> RequestOutcome<()> {
        let body = json!({"app": self.app, "service": service});
        self.ask("DELETE", &body.to_string()).map(drop)
    }

    fn list(&mut self) -> RequestOutcome<Vec<(u64, u16)>> {
        self.ask("GET", "").map(|listed| {
            let listed = listed.as_array().unwrap();
            listed.iter().map(id_and_port).collect()
        })
    }
}

fn allocate(backend: &mut dyn WorkerBackend, service: String) -> bool {
    say(&DiaryEntry::Allocating {
        service: service.clone(),
    });
    match backend.allocate(&service) {
        RequestOutcome::Done((id, port)) => {
            say(&DiaryEntry::Allocated { service, id, port });
            return true;
        }
        RequestOutcome::Refused => say(&DiaryEntry::Refused { service }),
        RequestOutcome::Unknown => {}
    }
    false
}

/// Returns true if the worker still holds the service.
fn move_service(backend: &mut dyn WorkerBackend, service: String) -> bool {
    say(&DiaryEntry::Moving {
        service: service.clone(),
    });
    match backend.move_service(&service) {
        RequestOutcome::Done((id, port)) => say(&DiaryEntry::Moved { service, id, port }),
        RequestOutcome::Refused => say(&DiaryEntry::Refused { service }),
        RequestOutcome::Unknown => return false,
    }
    true
}

fn release(backend: &mut dyn WorkerBackend, service: String) {
    say(&DiaryEntry::Releasing {
        service: service.clone(),
    });
    match backend.release(&service) {
        RequestOutcome::Done(()) => say(&DiaryEntry::Released { service }),
        RequestOutcome::Refused => say(&DiaryEntry::Refused { service }),
        RequestOutcome::Unknown => {}
    }
}

/// Releases a service that may or may not hold a port.
fn clear(backend: &mut dyn WorkerBackend, service: &str) {
    if let RequestOutcome::Done(()) = backend.release(service) {
        say(&DiaryEntry::Released {
            service: service.to_owned(),
        });
    }
}

fn say(entry: &DiaryEntry) {
    println!("{} {entry}", now());
}
