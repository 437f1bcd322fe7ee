//! Those who allocate and release, and are killed.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use port_registry::{Claim, Error, Filter, Registry, ServiceKey, Verdict};
use serde_json::{Value, json};

use crate::RANGE;
use crate::daemon::Client;
use crate::diary::{Diary, Entry};
use crate::random::Random;
use crate::support::{Sandbox, wait_until};

const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");

/// What a process is to do: its backend, its number and how many there were before it.
const ORDERS: &str = "PORT_REGISTRY_TEST_ORDERS";
/// The store that it is to do it to.
const STORE: &str = "PORT_REGISTRY_TEST_STORE";

/// How many services a worker holds at most.
const MOST: usize = 100;

/// How a worker asks the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Library,
    Http,
}

/// What came of a request.
enum Outcome<T> {
    Done(T),
    /// It had no effect.
    Refused,
    /// Nobody can tell.
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
    /// Gives the number and the port.
    fn allocate(&mut self, service: &str) -> Outcome<(u64, u16)>;
    fn release(&mut self, service: &str) -> Outcome<()>;
    /// The number and the port of everybody's.
    fn list(&mut self) -> Outcome<Vec<(u64, u16)>>;
}

struct Library {
    app: String,
    registry: Registry,
}

impl Library {
    fn open(app: String, store: &Path) -> Library {
        // Enough patience for a slow disk with many at it.
        let builder = Registry::builder().path(store).wait(Duration::from_mins(1));
        let builder = builder.range(RANGE.parse().unwrap());
        let registry = builder.probe(|_| Ok(Verdict::Free)).open().unwrap();
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
        let filter = Filter::default().app(&*self.app).service(service);
        outcome(self.registry.release_matching(filter).map(drop))
    }

    fn list(&mut self) -> Outcome<Vec<(u64, u16)>> {
        let listed = self.registry.list(&Filter::default());
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
            500 if response.body.contains("cannot be told") => Outcome::Unknown,
            _ => panic!("{response:?}"),
        }
    }
}

/// Where a daemon says where it listens, and which process it is.
pub(crate) fn address_note(store: &Path) -> PathBuf {
    store.with_file_name("address")
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

fn number_and_port(allocation: &Value) -> (u64, u16) {
    let port = allocation["port"].as_u64().unwrap();
    (allocation["id"].as_u64().unwrap(), port.try_into().unwrap())
}

impl Asks for Http {
    fn allocate(&mut self, service: &str) -> Outcome<(u64, u16)> {
        let body = json!({"app": self.app, "instance": "main", "service": service});
        let allocated = self.ask("POST", &body.to_string());
        allocated.map(|allocation| number_and_port(&allocation))
    }

    fn release(&mut self, service: &str) -> Outcome<()> {
        let body = json!({"app": self.app, "service": service});
        self.ask("DELETE", &body.to_string()).map(drop)
    }

    fn list(&mut self) -> Outcome<Vec<(u64, u16)>> {
        self.ask("GET", "").map(|listed| {
            let listed = listed.as_array().unwrap();
            listed.iter().map(number_and_port).collect()
        })
    }
}

/// What a process of a worker does, until it is killed.
pub(crate) fn work_as_told() {
    let (Ok(orders), Some(store)) = (env::var(ORDERS), env::var_os(STORE)) else {
        return;
    };
    let orders: Vec<&str> = orders.split(' ').collect();
    let [backend, app, generation] = orders[..] else {
        panic!("unknown orders {orders:?}");
    };
    let store = PathBuf::from(store);
    let app = app.to_owned();
    let mut asks: Box<dyn Asks> = match backend {
        "library" => Box::new(Library::open(app, &store)),
        _ => Box::new(Http {
            app,
            store,
            client: None,
        }),
    };
    let mut held = BTreeSet::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (what, service) = line.split_once(' ').unwrap();
        match what {
            "held" => drop(held.insert(service.to_owned())),
            _ => clear(&mut *asks, service),
        }
    }
    let mut random = Random::new(generation.parse().unwrap());
    for number in 0.. {
        if number % 50 == 49 {
            if let Outcome::Done(rows) = asks.list() {
                say(&Entry::Listed { rows });
            }
        } else if held.len() >= MOST || (!held.is_empty() && random.once_in(3)) {
            let services: Vec<&String> = held.iter().collect();
            let service = random.one_of(&services).clone();
            held.remove(&service);
            release(&mut *asks, service);
        } else {
            let service = format!("{generation}-{number}");
            if allocate(&mut *asks, service.clone()) {
                held.insert(service);
            }
        }
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

/// Not by `println!`, which the test harness would keep to itself.
fn say(entry: &Entry) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n> {} {entry}", now()).unwrap();
    stdout.flush().unwrap();
}

/// Microseconds of the clock that all processes share.
fn now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap().as_micros().try_into().unwrap()
}

/// The process of a worker.
pub(crate) struct Worker {
    child: Child,
    number: u32,
}

impl Worker {
    /// Starts one that goes on with what its predecessor has left.
    pub(crate) fn start(
        backend: Backend,
        number: u32,
        generation: u32,
        store: &Path,
        diary: &Mutex<Diary>,
    ) -> Worker {
        let backend = match backend {
            Backend::Library => "library",
            Backend::Http => "http",
        };
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "a_worker_of_the_torture",
                "--nocapture",
                "--quiet",
            ])
            .env(ORDERS, format!("{backend} {number} {generation}"))
            .env(STORE, store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (held, uncertain) = diary.lock().unwrap().services_of(number);
        let mut orders = String::new();
        orders.extend(held.iter().map(|service| format!("held {service}\n")));
        orders.extend(uncertain.iter().map(|service| format!("clear {service}\n")));
        child
            .stdin
            .take()
            .unwrap()
            .write_all(orders.as_bytes())
            .unwrap();
        Worker { child, number }
    }

    /// Lets it work for a while, kills it, and notes all it has said.
    pub(crate) fn live(mut self, life: Duration, diary: &Mutex<Diary>) {
        let stdout = BufReader::new(self.child.stdout.take().unwrap());
        let lines = thread::spawn(move || stdout.lines().map_while(Result::ok).collect::<Vec<_>>());
        thread::sleep(life);
        let was_alive = self.child.try_wait().unwrap().is_none();
        let _ = self.child.kill();
        let _ = self.child.wait();
        let lines = lines.join().unwrap();
        assert!(was_alive, "{}", lines.join("\n"));
        let mut diary = diary.lock().unwrap();
        for line in lines.iter().filter_map(|line| line.strip_prefix("> ")) {
            if let Some((time, entry)) = line.split_once(' ')
                && let Some(entry) = Entry::parse(entry)
            {
                diary.note(self.number, time.parse().unwrap(), entry);
            }
        }
    }
}

/// Allocates and releases by commands, some of which are killed. Gives how many.
pub(crate) fn run_commands(
    number: u32,
    sandbox: &Sandbox,
    store: &Path,
    give_up: Instant,
    diary: &Mutex<Diary>,
) -> u32 {
    let app = number.to_string();
    let mut random = Random::new(number.into());
    let mut kills = 0;
    let mut run = |words: &[&str]| {
        let mut command = sandbox.command(PORTCTL);
        command
            .args(words)
            .args(["--app", &app, "--instance", "main", "--json"]);
        command
            .env("PORT_REGISTRY_DB", store)
            .env("PORT_REGISTRY_RANGE", RANGE);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if random.once_in(3) {
            thread::sleep(Duration::from_micros(random.below(25_000)));
            let _ = child.kill();
            kills += 1;
        }
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        if stderr.contains("no allocation matches") {
            return Some(Value::Null);
        }
        // It is in a hurry, beside many that are not.
        let is_busy = stderr.contains("is busy");
        assert!(is_busy || stderr.is_empty(), "{words:?}: {stderr}");
        // What is printed counts, even if it was killed after that.
        serde_json::from_slice::<Value>(&output.stdout).ok()
    };
    let note = |entry| diary.lock().unwrap().note(number, now(), entry);
    for count in 0.. {
        if Instant::now() >= give_up {
            break;
        }
        let service = format!("service-{count}");
        note(Entry::Allocating {
            service: service.clone(),
        });
        if let Some(allocation) = run(&["allocate", "--service", &service]) {
            let (id, port) = number_and_port(&allocation);
            note(Entry::Allocated { service, id, port });
        }
        let (held, uncertain) = diary.lock().unwrap().services_of(number);
        let is_due = held.len() >= 20 || count % 3 == 0;
        for service in held.into_iter().take(usize::from(is_due)) {
            note(Entry::Releasing {
                service: service.clone(),
            });
            if run(&["release", "--service", &service]).is_some() {
                note(Entry::Released { service });
            }
        }
        for service in uncertain {
            let listed = run(&["list", "--service", &service]);
            let is_gone = listed.and_then(|listed| Some(listed.as_array()?.is_empty()));
            if is_gone == Some(true) || run(&["release", "--service", &service]).is_some() {
                note(Entry::Released { service });
            }
        }
    }
    kills
}
