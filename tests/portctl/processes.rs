//! Many processes on one file.
//!
//! Each process is `test-store-user` or `portctl`. `PORT_REGISTRY_SOAK` multiplies what they do.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use port_registry::{Claim, Error, Filter, Registry, ServiceKey, Verdict};
use test_support::helper::Helper;
use test_support::locks::{lock_file, lock_queue};
use test_support::{Ran, Sandbox, program, soak, wait_until};

use crate::PORTCTL;

/// Enough patience for a slow disk with many at it.
fn patient_registry(store: &Path) -> Registry {
    Registry::builder()
        .with_path(store)
        .with_wait(Duration::from_secs(60))
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap()
}

fn claim(name: &str, number: u32) -> Claim {
    Claim::new(ServiceKey::new(name, "main", format!("service-{number}")).unwrap())
}

/// Another process that uses the store.
fn start(store: &Path, action: &[&str]) -> Helper {
    // Writing beyond a limit is to fail, and not to end the process by a signal.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command
        .arg(program("test-store-user"))
        .arg(store)
        .args(action);
    Helper::spawn(&mut command)
}

#[test]
fn every_allocation_of_many_processes_succeeds_with_a_port_of_its_own() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let count = 25 * soak();
    let mut processes: Vec<_> = (0..8)
        .map(|number| {
            start(
                &store,
                &["allocate", &format!("app-{number}"), &count.to_string()],
            )
        })
        .collect();
    for process in &mut processes {
        process.expect("ready");
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
    let listed = registry.list(&Filter::new()).unwrap();
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
        assert_eq!(registry.list(&Filter::new()).unwrap().len(), 16);
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

    let mut killed = start(&store, &["hold-the-writer-lock"]);
    killed.expect("holding");
    killed.kill();

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
        let mut process = start(&store, &["allocate", &format!("app-{round}"), "100000"]);
        process.expect("ready");
        process.tell("go");
        for _ in 0..=round % 5 * 7 {
            told.insert(process.hear().unwrap());
        }
        // What it said before it died counts too.
        told.extend(process.kill());
        let registry = patient_registry(&store);
        registry.verify().unwrap();
        let listed = registry.list(&Filter::new()).unwrap();
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

    let mut stopped = start(&store, &[holds]);
    stopped.expect("holding");
    stopped.stop();

    let wait = Duration::from_millis(400);
    let impatient = Registry::builder()
        .with_path(&store)
        .with_wait(wait)
        .open()
        .unwrap();
    // The second time through a handle that is open already.
    for _ in 0..2 {
        let start = Instant::now();
        let error = impatient.allocate(claim("app", 2)).unwrap_err();
        assert!(
            matches!(&error, Error::Busy { waited, .. } if *waited == wait),
            "{error:?}"
        );
        assert!(start.elapsed() >= wait);
        // Reads go on, by this handle, by one that has written, and by new ones.
        for registry in [&impatient, &registry] {
            assert_eq!(registry.get(first.id).unwrap().as_ref(), Some(&first));
        }
        let ran = sandbox.run(PORTCTL, &["list", "--all", "--json"]);
        assert!(ran.printed().contains("\"app\":\"app\""));
    }
    drop(impatient);

    stopped.go_on();
    stopped.tell("go on");
    assert_eq!(registry.allocate(claim("app", 2)).unwrap().id.get(), 2);
    registry.verify().unwrap();
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
fn a_writer_waits_for_a_slow_disk_as_long_as_it_was_told_to() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    patient_registry(&store).allocate(claim("app", 1)).unwrap();
    // The header is locked while it is synced, too.
    let mut slow = start(&store, &["hold-the-header-lock"]);
    slow.expect("holding");
    let lock = lock_file(&store);
    let patient = std::thread::spawn(move || {
        let registry = Registry::builder()
            .with_path(&store)
            .with_wait(Duration::from_secs(60))
            .open();
        registry.unwrap().try_write()
    });
    // By then a reader has looked past the lock on the header.
    wait_until("the writer waits for its turn", || is_waited_for(&lock));
    assert!(!patient.is_finished());
    slow.tell("go on");
    patient.join().unwrap().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_stopped_while_it_waits_for_its_turn_holds_up_nobody() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = patient_registry(&store);
    registry.allocate(claim("app", 1)).unwrap();
    let mut stopped = start(&store, &["obey"]);
    stopped.expect("ready");

    let lock = lock_queue(&store);
    stopped.tell("stopped");
    wait_until("the process waits in the kernel", || {
        is_waited_for(&lock_file(&store))
    });
    stopped.stop();
    drop(lock);
    registry.allocate(claim("app", 2)).unwrap();

    stopped.go_on();
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
    let count = registry.list(&Filter::new()).unwrap().len();
    assert_eq!(count, 200 * soak() as usize);
}

/// Sets a soft limit of a process that is running.
#[cfg(target_os = "linux")]
fn limit(process: &Helper, resource: &str, limit: &str) {
    let id = process.id().to_string();
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
    let mut process = start(&store, &["obey"]);
    process.expect("ready");
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
    let listed = registry.list(&Filter::new()).unwrap();
    let apps: Vec<_> = listed.iter().map(|it| it.key.app()).collect();
    assert_eq!(apps, ["before", "after"]);
}

#[cfg(target_os = "linux")]
#[test]
fn too_many_open_files_is_an_error_and_no_answer() {
    let sandbox = Sandbox::new();
    let mut process = start(&sandbox.store(), &["obey"]);
    process.expect("ready");
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
