//! Processes suspended while they hold or wait for a lock.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use port_registry::{Error, Registry};
use test_support::{Sandbox, wait_until};

use crate::PORTCTL;

use super::fixture::{claim, patient_registry, start};

#[test]
fn process_suspended_during_a_commit_blocks_only_writers() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = patient_registry(&store);
    let first = registry.allocate(claim("app", 1)).unwrap();

    let mut suspended = start(&store, &["hold-the-writer-lock"]);
    suspended.expect("holding");
    suspended.stop();

    let wait = Duration::from_millis(400);
    let impatient = Registry::builder()
        .with_path(&store)
        .with_wait(wait)
        .open()
        .unwrap();
    thread::scope(|scope| {
        // The second attempt uses a handle that is open already.
        for _ in 0..2 {
            // A new process can read.
            scope.spawn(|| {
                let ran = sandbox.run(PORTCTL, &["list", "--all", "--json"]);
                assert!(ran.printed().contains("\"app\":\"app\""));
            });
            let start = Instant::now();
            let writer = impatient.clone();
            let writer = thread::spawn(move || writer.allocate(claim("app", 2)));
            wait_until("the writer gives up", || writer.is_finished());
            let error = writer.join().unwrap().unwrap_err();
            // So it was the deadline that ended the wait.
            assert!(suspended.is_stopped());
            assert!(
                matches!(&error, Error::Busy { waited, .. } if *waited == wait),
                "{error:?}"
            );
            assert!(start.elapsed() >= wait);
            // Reads succeed through this handle, and one that has written.
            for registry in [&impatient, &registry] {
                assert_eq!(registry.get(first.id).unwrap().as_ref(), Some(&first));
            }
        }
    });
    assert!(suspended.is_stopped());
    drop(impatient);

    suspended.go_on();
    suspended.tell("go on");
    assert_eq!(registry.allocate(claim("app", 2)).unwrap().id.get(), 2);
    registry.verify().unwrap();
}

#[test]
fn writer_waits_for_a_slow_commit_of_another_process_and_readers_do_not() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let first = patient_registry(&store).allocate(claim("app", 1)).unwrap();
    let mut slow = start(&store, &["hold-the-writer-lock"]);
    slow.expect("holding");
    let (begin, has_begun) = mpsc::channel();
    let path = store.clone();
    let patient = thread::spawn(move || {
        let registry = patient_registry(&path);
        begin.send(()).unwrap();
        registry.try_write()
    });
    has_begun.recv().unwrap();
    #[cfg(target_os = "linux")]
    wait_until("the writer waits for its turn", || {
        is_contended(&test_support::locks::lock_file(&store))
    });
    for _ in 0..2 {
        let reader = patient_registry(&store);
        assert_eq!(reader.get(first.id).unwrap().as_ref(), Some(&first));
    }
    assert!(!patient.is_finished());
    slow.tell("go on");
    patient.join().unwrap().unwrap();
}

/// Returns whether `/proc/locks` lists a process that is blocked on a lock of this file.
#[cfg(target_os = "linux")]
fn is_contended(lock: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let inode = format!(":{} ", std::fs::metadata(lock).unwrap().ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let mut waiting = locks.lines().filter(|line| line.contains(" -> "));
    waiting.any(|line| line.contains(&inode))
}

#[cfg(target_os = "linux")]
#[test]
fn process_suspended_while_it_waits_for_its_turn_blocks_nobody() {
    use test_support::locks::{lock_file, lock_queue};

    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = patient_registry(&store);
    registry.allocate(claim("app", 1)).unwrap();
    let mut suspended = start(&store, &["obey"]);
    suspended.expect("ready");

    let lock = lock_queue(&store);
    suspended.tell("stopped");
    wait_until("the process waits in the kernel", || {
        is_contended(&lock_file(&store))
    });
    suspended.stop();
    drop(lock);
    registry.allocate(claim("app", 2)).unwrap();

    suspended.go_on();
    // On a slow machine, its deadline may have passed meanwhile.
    let answer = suspended.hear().unwrap();
    assert!(
        answer.starts_with("ok ") || answer.contains("busy"),
        "{answer}"
    );
}
