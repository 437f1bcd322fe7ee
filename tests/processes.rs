//! Many processes on one file.
//!
//! Each process is this test binary again, running [`a_process_of_these_tests`] with its orders in
//! the environment, or `portctl`. `PORT_REGISTRY_SOAK` multiplies what they do.

#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::env;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use port_registry::{Claim, Error, Filter, Registry, ServiceKey, Verdict};
use redb::backends::FileBackend;
use redb::{ConcurrencyMode, Database, StorageBackend, TableDefinition};
use support::{Ran, Sandbox, soak, wait_until};

const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");

/// What a process is to do.
const ORDERS: &str = "PORT_REGISTRY_TEST_ORDERS";
/// The store that it is to do it to.
const STORE: &str = "PORT_REGISTRY_TEST_STORE";

/// Not a test of its own: what the other processes run.
#[test]
fn a_process_of_these_tests() {
    let (Ok(orders), Some(store)) = (env::var(ORDERS), env::var_os(STORE)) else {
        return;
    };
    let store = Path::new(&store);
    match orders.split_once(' ').unwrap_or((&orders, "")) {
        ("allocate", rest) => {
            let (name, count) = rest.split_once(' ').unwrap();
            allocate_many(store, name, count.parse().unwrap());
        }
        ("hold-the-writer-lock", _) => hold_the_writer_lock(store),
        ("hold-the-header-lock", _) => hold_the_header_lock(store),
        ("obey", _) => obey(store),
        other => panic!("unknown orders {other:?}"),
    }
}

/// Allocates ports one by one, telling each as soon as it is allocated.
fn allocate_many(store: &Path, name: &str, count: u32) {
    let registry = patient_registry(store);
    say("ready");
    wait_for_line();
    for number in 0..count {
        let allocation = registry.allocate(claim(name, number)).unwrap();
        say(&format!("{} {}", allocation.id, allocation.port));
    }
}

/// Stays in the middle of a write transaction, with changes made and not committed.
fn hold_the_writer_lock(store: &Path) {
    let _lock = lock_queue(store);
    let database = Database::builder()
        .set_concurrency_mode(ConcurrencyMode::MultiWriter)
        .open(store)
        .unwrap();
    let txn = database.begin_write().unwrap();
    let ports: TableDefinition<u16, u64> = TableDefinition::new("ports");
    txn.open_table(ports).unwrap().insert(3001, 7).unwrap();
    say("holding");
    wait_for_line();
    drop(txn);
}

/// Stays where a commit is for an instant: the header is locked as well.
fn hold_the_header_lock(store: &Path) {
    let _lock = lock_queue(store);
    let file = FileBackend::new(open_to_write(store)).unwrap();
    let writer_byte = Bound::Included(1 << 62);
    file.lock_range(writer_byte, writer_byte).unwrap();
    file.lock_range(Bound::Included(0), Bound::Excluded(320))
        .unwrap();
    say("holding");
    wait_for_line();
}

/// Takes the lock that a writer has while it opens the store and commits.
fn lock_queue(store: &Path) -> FileBackend {
    let lock = FileBackend::new(open_to_write(&lock_of(store))).unwrap();
    let writer_byte = Bound::Included(1 << 40);
    lock.lock_range(writer_byte, writer_byte).unwrap();
    lock
}

fn lock_of(store: &Path) -> PathBuf {
    store.with_file_name("ports.redb.lock")
}

fn open_to_write(path: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).open(path).unwrap()
}

/// Allocates a port through one long-open handle for each line it is given.
fn obey(store: &Path) {
    let registry = Registry::builder().path(store).open().unwrap();
    say("ready");
    for (number, line) in (0..).zip(std::io::stdin().lines()) {
        let answer = registry.allocate(claim(&line.unwrap(), number));
        say(&match answer {
            Ok(allocation) => format!("ok {}", allocation.port),
            Err(error) => format!("error {error}"),
        });
    }
}

fn say(line: &str) {
    // Not by println!, which the test harness would keep to itself.
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n> {line}").unwrap();
    stdout.flush().unwrap();
}

fn wait_for_line() {
    std::io::stdin()
        .lock()
        .read_line(&mut String::new())
        .unwrap();
}

/// Enough patience for a slow disk with many at it.
fn patient_registry(store: &Path) -> Registry {
    Registry::builder()
        .path(store)
        .wait(Duration::from_mins(1))
        .probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap()
}

fn claim(name: &str, number: u32) -> Claim {
    Claim::new(ServiceKey::new(name, "main", format!("service-{number}")).unwrap())
}

/// One of the other processes, killed when dropped.
struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(store: &Path, orders: &str) -> Process {
        // Writing beyond a limit is to fail, and not to end the process by a signal.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(env::current_exe().unwrap())
            .args([
                "--exact",
                "a_process_of_these_tests",
                "--nocapture",
                "--quiet",
            ])
            .env(ORDERS, orders)
            .env(STORE, store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Process { child, stdout }
    }

    /// The next thing it says; `None` when it has ended.
    fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.stdout.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(said) = line.strip_prefix("> ")
                && line.ends_with('\n')
            {
                return Some(said.trim_end().to_owned());
            }
        }
    }

    fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits until the kernel says that the process is stopped.
    fn wait_until_stopped(&self) {
        let id = self.child.id().to_string();
        wait_until("the process is stopped", || {
            let ps = Command::new("ps").args(["-o", "stat=", "-p", &id]).output();
            ps.unwrap().stdout.starts_with(b"T")
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_allocation_of_many_processes_succeeds_with_a_port_of_its_own() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let count = 25 * soak();
    let mut processes: Vec<_> = (0..8)
        .map(|number| Process::start(&store, &format!("allocate app-{number} {count}")))
        .collect();
    for process in &mut processes {
        assert_eq!(process.hear().as_deref(), Some("ready"));
    }
    for process in &mut processes {
        process.tell("go");
    }
    let (mut ids, mut ports) = (BTreeSet::new(), BTreeSet::new());
    for process in &mut processes {
        for _ in 0..count {
            let said = process.hear().expect("each allocation is told");
            let (id, port) = said.split_once(' ').unwrap();
            assert!(
                ids.insert(id.parse::<u32>().unwrap()),
                "id {id} given twice"
            );
            assert!(ports.insert(port.to_owned()), "port {port} given twice");
        }
    }
    assert!(
        ids.into_iter().eq(1..=8 * count),
        "an id was used up for nothing"
    );
    let registry = patient_registry(&store);
    registry.verify().unwrap();
    let listed = registry.list(&Filter::default()).unwrap();
    assert!(
        listed
            .iter()
            .map(|it| it.port.to_string())
            .collect::<BTreeSet<_>>()
            == ports
    );
}

#[test]
fn racing_creators_agree_on_one_file() {
    for _ in 0..3 * soak() {
        let sandbox = Sandbox::new();
        let children: Vec<_> = (0..16)
            .map(|number| {
                sandbox
                    .command(PORTCTL)
                    .args(["get", &format!("service-{number}"), "--app", "racers"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let ports: BTreeSet<String> = children
            .into_iter()
            .map(|child| {
                Ran::from(child.wait_with_output().unwrap())
                    .printed()
                    .to_owned()
            })
            .collect();
        assert_eq!(ports.len(), 16);
        let registry = patient_registry(&sandbox.store());
        registry.verify().unwrap();
        assert_eq!(registry.list(&Filter::default()).unwrap().len(), 16);
        let files = std::fs::read_dir(sandbox.store().parent().unwrap()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["ports.redb", "ports.redb.lock"]);
    }
}

#[test]
fn a_process_killed_in_mid_transaction_blocks_nobody_and_leaves_no_trace() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = patient_registry(&store);
    let first = registry.allocate(claim("app", 1)).unwrap();

    let mut killed = Process::start(&store, "hold-the-writer-lock");
    assert_eq!(killed.hear().as_deref(), Some("holding"));
    killed.signal("KILL");
    killed.child.wait().unwrap();

    let second = registry.allocate(claim("app", 2)).unwrap();
    assert_eq!(second.id.get(), first.id.get() + 1);
    assert_eq!(second.port.get(), first.port.get() + 1);
    registry.verify().unwrap();
    // And to those that come new.
    drop(registry);
    patient_registry(&store).verify().unwrap();
    let ran = sandbox.run(PORTCTL, &["get", "web"]);
    assert!(ran.printed().parse::<u16>().is_ok());
}

#[test]
fn allocations_told_before_a_kill_are_there_afterwards() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let mut told = BTreeSet::new();
    for round in 0..6 * soak() {
        let mut process = Process::start(&store, &format!("allocate app-{round} 100000"));
        process.hear();
        process.tell("go");
        for _ in 0..=round % 5 * 7 {
            told.insert(process.hear().unwrap());
        }
        process.signal("KILL");
        // What it said before it died counts too.
        while let Some(said) = process.hear() {
            told.insert(said);
        }
        let registry = patient_registry(&store);
        registry.verify().unwrap();
        let listed = registry.list(&Filter::default()).unwrap();
        let held: BTreeSet<_> = listed
            .iter()
            .map(|it| format!("{} {}", it.id, it.port))
            .collect();
        assert!(told.is_subset(&held), "lost: {:?}", told.difference(&held));
        // At most the one that was being told was not.
        assert!(held.len() <= told.len() + 1 + round as usize);
    }
}

#[test]
fn a_process_stopped_while_it_writes_makes_others_busy_within_the_deadline() {
    stop_a_process_that("hold-the-writer-lock");
}

#[test]
fn a_process_stopped_in_the_midst_of_a_commit_stops_no_reader() {
    stop_a_process_that("hold-the-header-lock");
}

fn stop_a_process_that(holds: &str) {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = patient_registry(&store);
    let first = registry.allocate(claim("app", 1)).unwrap();

    let mut stopped = Process::start(&store, holds);
    assert_eq!(stopped.hear().as_deref(), Some("holding"));
    stopped.signal("STOP");
    stopped.wait_until_stopped();

    let wait = Duration::from_millis(400);
    let impatient = Registry::builder().path(&store).wait(wait).open().unwrap();
    // The second time through a handle that is open already.
    for _ in 0..2 {
        let start = Instant::now();
        let error = impatient.allocate(claim("app", 2)).unwrap_err();
        assert!(
            matches!(&error, Error::Busy { waited, .. } if *waited == wait),
            "{error:?}"
        );
        assert!(start.elapsed() >= wait);
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
        // Reads go on, by this handle, by one that has written, and by new ones.
        for registry in [&impatient, &registry] {
            assert_eq!(registry.get(first.id).unwrap().as_ref(), Some(&first));
        }
        let ran = sandbox.run(PORTCTL, &["list", "--all", "--json"]);
        assert!(ran.printed().contains("\"app\":\"app\""));
    }
    drop(impatient);

    stopped.signal("CONT");
    stopped.tell("go on");
    assert_eq!(registry.allocate(claim("app", 2)).unwrap().id.get(), 2);
    registry.verify().unwrap();
}

#[test]
fn a_writer_waits_for_a_slow_disk_as_long_as_it_was_told_to() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    patient_registry(&store).allocate(claim("app", 1)).unwrap();
    // The header is locked while it is synced, too.
    let mut slow = Process::start(&store, "hold-the-header-lock");
    assert_eq!(slow.hear().as_deref(), Some("holding"));
    let (begun, has_begun) = std::sync::mpsc::channel();
    let patient = std::thread::spawn(move || {
        begun.send(()).unwrap();
        let registry = Registry::builder()
            .path(&store)
            .wait(Duration::from_mins(1))
            .open();
        registry.unwrap().try_write()
    });
    has_begun.recv().unwrap();
    // Longer than a reader waits before it looks past the lock.
    std::thread::sleep(Duration::from_millis(2500));
    assert!(!patient.is_finished());
    slow.tell("go on");
    patient.join().unwrap().unwrap();
}

/// Tells if a process waits for a lock of this file in the kernel, by `/proc/locks`.
#[cfg(target_os = "linux")]
fn is_waited_for(lock: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let inode = format!(":{} ", std::fs::metadata(lock).unwrap().ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let mut waiting = locks.lines().filter(|line| line.contains(" -> "));
    waiting.any(|line| line.contains(&inode))
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_stopped_while_it_waits_for_its_turn_holds_up_nobody() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = patient_registry(&store);
    registry.allocate(claim("app", 1)).unwrap();
    let mut stopped = Process::start(&store, "obey");
    assert_eq!(stopped.hear().as_deref(), Some("ready"));

    let lock = lock_queue(&store);
    stopped.tell("stopped");
    wait_until("the process waits in the kernel", || {
        is_waited_for(&lock_of(&store))
    });
    stopped.signal("STOP");
    stopped.wait_until_stopped();
    drop(lock);
    registry.allocate(claim("app", 2)).unwrap();

    stopped.signal("CONT");
    // Its time may have been up meanwhile, on a slow machine.
    let said = stopped.hear().unwrap();
    assert!(said.starts_with("ok ") || said.contains("busy"), "{said}");
}

#[test]
fn a_crowd_of_processes_that_each_allocate_a_port_all_succeed() {
    let sandbox = Sandbox::new();
    let children: Vec<_> = (0..64 * soak())
        .map(|number| {
            let service = format!("service-{number}");
            let mut command = sandbox.command(PORTCTL);
            command.args(["get", &service, "--app", "crowd", "--instance", "main"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let ran = children
        .into_iter()
        .map(|child| Ran::from(child.wait_with_output().unwrap()));
    let ports: BTreeSet<String> = ran.map(|ran| ran.printed().to_owned()).collect();
    assert_eq!(ports.len(), 64 * soak() as usize);
    patient_registry(&sandbox.store()).verify().unwrap();
}

#[test]
fn a_crowd_of_threads_that_each_open_the_store_and_write_all_succeed() {
    let sandbox = Sandbox::new();
    let store = &sandbox.store();
    std::thread::scope(|scope| {
        for number in 0..200 * soak() {
            scope.spawn(move || {
                let registry = patient_registry(store);
                registry.allocate(claim("crowd", number)).unwrap();
            });
        }
    });
    let registry = patient_registry(store);
    registry.verify().unwrap();
    let count = registry.list(&Filter::default()).unwrap().len();
    assert_eq!(count, 200 * soak() as usize);
}

/// Sets a soft limit of a process that is running.
#[cfg(target_os = "linux")]
fn limit(process: &Process, resource: &str, limit: &str) {
    let id = process.child.id().to_string();
    let limit = format!("--{resource}={limit}:");
    let status = Command::new("prlimit")
        .args(["--pid", &id, &limit])
        .status();
    assert!(status.unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_handle_heals_once_the_cause_of_an_io_error_is_gone() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let mut process = Process::start(&store, "obey");
    assert_eq!(process.hear().as_deref(), Some("ready"));
    process.tell("before");
    assert!(process.hear().unwrap().starts_with("ok "));

    // A limit on the size of files stands for a full disk.
    limit(&process, "fsize", "4096");
    process.tell("during");
    let said = process.hear().unwrap();
    assert!(said.starts_with("error the registry at "), "{said}");
    limit(&process, "fsize", "unlimited");
    process.tell("after");
    let said = process.hear().unwrap();
    assert!(said.starts_with("ok "), "{said}");

    let registry = patient_registry(&store);
    registry.verify().unwrap();
    let listed = registry.list(&Filter::default()).unwrap();
    let apps: Vec<_> = listed.iter().map(|it| it.key.app()).collect();
    assert_eq!(apps, ["before", "after"]);
}

#[cfg(target_os = "linux")]
#[test]
fn too_many_open_files_is_an_error_and_no_answer() {
    let sandbox = Sandbox::new();
    let mut process = Process::start(&sandbox.store(), "obey");
    assert_eq!(process.hear().as_deref(), Some("ready"));
    process.tell("before");
    assert!(process.hear().unwrap().starts_with("ok "));
    limit(&process, "nofile", "0");
    process.tell("during");
    let said = process.hear().unwrap();
    assert!(
        said.starts_with("error cannot find out whether port "),
        "{said}"
    );
    limit(&process, "nofile", "256");
    process.tell("after");
    assert!(process.hear().unwrap().starts_with("ok "));
}
