//! What the daemon costs, end to end over HTTP, beside what the disk and the server charge for
//! anything at all.
//!
//! - *Allocating.* One keep-alive client allocates a port, each time after a bare 4 KiB write and
//!   fdatasync; then 64 clients allocate, between two samples of the same. What counts is the ratio.
//! - *Asking.* The rates of a check and of a list of 100 allocations, in turns with that of the
//!   cheapest route, which is that of an unknown path.
//! - *Sharing.* How long a writer in another process waits while 64 clients keep the daemon busy,
//!   and how long a client waits while four other writers keep the store busy.
//! - *Starting.* From the start of the process to its first healthy answer, and what memory it has then
//!   and after a million requests.
//!
//! `cargo bench --bench http [ROUNDS]`; `BENCH_DIR` names the folder, and so the disk.

#[path = "support/spread.rs"]
mod spread;
mod support;

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use port_registry::{Claim, Registry, ServiceKey};

use crate::spread::spread;
use crate::support::report::{median, say};
use crate::support::{Disk, Series, scratch};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long something is done over and over to see at which rate.
const STRETCH: Duration = Duration::from_millis(300);

const CLIENTS: usize = 64;

fn main() -> Result<()> {
    // cargo itself adds `--bench`.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(300);
    let folder = scratch(env!("CARGO_TARGET_TMPDIR"))?;
    let home = |name: &str| folder.path().join(name);
    starting(&home("starting"), rounds.min(100))?;
    let disk = Disk::new(folder.path())?;
    one_client(&home("one"), &disk, rounds)?;
    many_clients(&home("many"), &disk, rounds / 50)?;
    sharing(&home("sharing"))?;
    asking(&home("asking"), rounds / 30)?;
    lasting(&home("lasting"))
}

/// The real daemon, ended when dropped.
struct Daemon {
    child: Child,
    address: SocketAddr,
    store: PathBuf,
}

impl Daemon {
    fn start(home: &Path) -> Result<Daemon> {
        fs::create_dir_all(home)?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_port-registry"))
            .args(["--port", "0"])
            .env("HOME", home)
            .env_remove("PORT_REGISTRY_DB")
            .env_remove("PORT_REGISTRY_RANGE")
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stderr = child.stderr.take().ok_or("it has no standard error")?;
        BufReader::new(stderr).read_line(&mut line)?;
        let (_, rest) = line.split_once("http://").ok_or(line.clone())?;
        let address = rest.split(',').next().unwrap_or(rest).parse()?;
        let store = home.join(".port-registry/ports.redb");
        Ok(Daemon {
            child,
            address,
            store,
        })
    }

    fn client(&self) -> io::Result<Client> {
        Client::connect(self.address)
    }

    /// A line of the kernel's on the process, such as that of its resident memory.
    fn status(&self, field: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.map_or("unknown".to_owned(), |line| line.trim().to_owned())
    }

    /// Tells it to stop, and waits until it has.
    fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").arg(id).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A keep-alive connection.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream: BufReader::new(stream),
        })
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<()> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())
    }

    /// The status of the answer, all of which is read.
    fn receive(&mut self) -> io::Result<u16> {
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().map_err(io::Error::other)?;
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.trim_end().parse().map_err(io::Error::other)?;
            } else if line == "\r\n" {
                self.stream.read_exact(&mut vec![0; length])?;
                return Ok(status);
            }
        }
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<u16> {
        self.send(method, path, body)?;
        self.receive()
    }

    /// Allocates a port to a service that has none, durably.
    fn allocate(&mut self) -> Result<Duration> {
        let body = next_claim();
        let start = Instant::now();
        self.send("POST", "/v1/allocations", &body)?;
        self.receive_allocation()?;
        Ok(start.elapsed())
    }

    fn receive_allocation(&mut self) -> Result<()> {
        match self.receive()? {
            201 => Ok(()),
            status => Err(format!("an allocation was answered by {status}").into()),
        }
    }
}

fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn next_claim() -> String {
    let number = next_number();
    format!(
        r#"{{"app":"project-{}","instance":"feature-{}","service":"service-{number}","dir":"/home/me/project"}}"#,
        number % 97,
        number % 389
    )
}

fn one_client(home: &Path, disk: &Disk, rounds: u32) -> Result<()> {
    let daemon = Daemon::start(home)?;
    let mut client = daemon.client()?;
    let mut series = Series::default();
    for _ in 0..rounds {
        let charge = disk.charge()?;
        series.note(client.allocate()?, charge);
    }
    let [time, in_place, append] = series.medians();
    say(&format!(
        "one client: an allocation takes {time:.0} us, {in_place:.2} x a write in place, {append:.2} x an append"
    ))?;
    daemon.stop()
}

/// In each round a registry of its own, so that it does not run out of the ports that are best.
fn many_clients(home: &Path, disk: &Disk, rounds: u32) -> Result<()> {
    let (mut rates, mut per_write, mut per_append) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds.max(3) {
        let daemon = Daemon::start(&home.join(round.to_string()))?;
        let (mut in_place, mut append) = (Vec::new(), Vec::new());
        let mut sample = || -> Result<()> {
            for _ in 0..30 {
                let charge = disk.charge()?;
                in_place.push(charge.in_place.as_secs_f64());
                append.push(charge.append.as_secs_f64());
            }
            Ok(())
        };
        sample()?;
        let (count, time) = allocate_by_many(&daemon)?;
        sample()?;
        let rate = f64::from(count) / time.as_secs_f64();
        rates.push(rate);
        per_write.push(median(in_place) * rate);
        per_append.push(median(append) * rate);
        daemon.stop()?;
    }
    say(&format!(
        "{CLIENTS} clients: {:.0} allocations a second, {:.1} in the time of a write in place, {:.1} in that of an append",
        median(rates),
        median(per_write),
        median(per_append)
    ))?;
    Ok(())
}

/// Lets many clients allocate for a while, each as soon as it has its answer; how many allocations,
/// and in what time. One thread writes and reads for all of them, to leave the daemon the rest.
fn allocate_by_many(daemon: &Daemon) -> Result<(u32, Duration)> {
    let clients = (0..CLIENTS).map(|_| daemon.client());
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    let start = Instant::now();
    for client in &mut clients {
        client.send("POST", "/v1/allocations", &next_claim())?;
    }
    let mut count = 0;
    while start.elapsed() < STRETCH {
        for client in &mut clients {
            client.receive_allocation()?;
            client.send("POST", "/v1/allocations", &next_claim())?;
            count += 1;
        }
    }
    let time = start.elapsed();
    for client in &mut clients {
        client.receive_allocation()?;
    }
    Ok((count, time))
}

fn asking(home: &Path, rounds: u32) -> Result<()> {
    let daemon = Daemon::start(home)?;
    let mut client = daemon.client()?;
    for _ in 0..100 {
        client.allocate()?;
    }
    let paths = [
        "/nowhere",
        "/v1/ports/4321",
        "/v1/allocations/50",
        "/v1/allocations",
    ];
    let names = ["unknown path", "check", "one allocation", "list of 100"];
    for connections in [1, 8, CLIENTS] {
        let mut rates: [Vec<f64>; 4] = Default::default();
        for round in 0..rounds.max(3) as usize {
            for turn in 0..paths.len() {
                let column = (round + turn) % paths.len();
                rates[column].push(rate(&daemon, connections, paths[column])?);
            }
        }
        let rates = rates.map(median);
        let compared = std::iter::zip(names, rates)
            .map(|(name, rate)| format!("{name} {rate:.0} a second ({:.2})", rate / rates[0]));
        let compared: Vec<_> = compared.collect();
        say(&format!(
            "{connections} connections: {}",
            compared.join(", ")
        ))?;
    }
    daemon.stop()
}

/// A million questions, and what memory the daemon has then.
fn lasting(home: &Path) -> Result<()> {
    let daemon = Daemon::start(home)?;
    let mut client = daemon.client()?;
    for _ in 0..100 {
        client.allocate()?;
    }
    let mut clients = (0..CLIENTS).map(|_| daemon.client());
    let mut clients = clients.by_ref().collect::<io::Result<Vec<_>>>()?;
    let paths = ["/v1/ports/4321", "/v1/allocations/50", "/v1/allocations"];
    for path in paths.into_iter().cycle().take(1_000_000 / CLIENTS) {
        for client in &mut clients {
            client.send("GET", path, "")?;
        }
        for client in &mut clients {
            let status = client.receive()?;
            if status != 200 {
                return Err(format!("{path} is answered by {status}").into());
            }
        }
    }
    let memory = daemon.status("VmRSS:");
    say(&format!("memory after a million requests: {memory}"))?;
    daemon.stop()
}

/// Questions a second over so many connections, which one thread serves in turn.
fn rate(daemon: &Daemon, connections: usize, path: &str) -> io::Result<f64> {
    let clients = (0..connections).map(|_| daemon.client());
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    for client in &mut clients {
        client.send("GET", path, "")?;
    }
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < STRETCH {
        for client in &mut clients {
            match client.receive()? {
                // One of the paths is known to nobody.
                200 | 404 => {}
                status => return Err(io::Error::other(format!("{path} is answered by {status}"))),
            }
            client.send("GET", path, "")?;
            count += 1;
        }
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

fn sharing(home: &Path) -> Result<()> {
    let daemon = &Daemon::start(home)?;
    let store = &daemon.store;
    // A writer of another process, to the daemon.
    let is_over = AtomicBool::new(false);
    let mut waits = thread::scope(|scope| -> Result<Vec<Duration>> {
        let load = scope.spawn(|| -> Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                allocate_by_many(daemon)?;
            }
            Ok(())
        });
        let registry = Registry::builder().with_path(store).open()?;
        let mut waits = Vec::new();
        for _ in 0..100 {
            waits.push(allocate_in_process(&registry)?);
            thread::sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        load.join().map_err(|_| "the load panicked")??;
        Ok(waits)
    })?;
    say(&format!(
        "another process beside {CLIENTS} busy clients allocates in {}",
        spread(&mut waits)
    ))?;

    is_over.store(false, Ordering::Relaxed);
    let mut waits = thread::scope(|scope| -> Result<Vec<Duration>> {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    // With a handle and a place in the queue of its own, like a process.
                    let registry = Registry::builder().with_path(store).open()?;
                    while !is_over.load(Ordering::Relaxed) {
                        allocate_in_process(&registry)?;
                    }
                    Ok(())
                })
            })
            .collect();
        let mut client = daemon.client()?;
        let mut waits = Vec::new();
        for _ in 0..200 {
            waits.push(client.allocate()?);
            thread::sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().map_err(|_| "a writer panicked")??;
        }
        Ok(waits)
    })?;
    say(&format!(
        "a client beside 4 busy writers allocates in {}",
        spread(&mut waits)
    ))?;
    Ok(())
}

fn allocate_in_process(registry: &Registry) -> Result<Duration> {
    let key = ServiceKey::new("in process", "main", format!("service-{}", next_number()))?;
    let start = Instant::now();
    registry.allocate(Claim::new(key))?;
    Ok(start.elapsed())
}

fn starting(home: &Path, rounds: u32) -> Result<()> {
    let mut times = Vec::new();
    let mut memory = String::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let daemon = Daemon::start(home)?;
        let status = daemon.client()?.ask("GET", "/healthz", "")?;
        times.push(start.elapsed());
        if status != 200 {
            return Err(format!("/healthz was answered by {status}").into());
        }
        memory = daemon.status("VmRSS:");
        daemon.stop()?;
    }
    say(&format!(
        "the first healthy answer comes after {}",
        spread(&mut times)
    ))?;
    say(&format!("memory then: {memory}"))?;
    Ok(())
}
