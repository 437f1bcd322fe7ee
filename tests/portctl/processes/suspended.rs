//! Processes that are stopped while they hold a lock.

use std::path::Path;
use std::time::{Duration, Instant};

use port_registry::{Error, Registry};
use test_support::locks::{lock_file, lock_queue};
use test_support::{Sandbox, wait_until};

use crate::PORTCTL;

use super::fixture::{claim, patient_registry, start};

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
