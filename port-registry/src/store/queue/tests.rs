//! The queue of writers, with a lock that other processes seem to hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::lock_file::LockFile;
use super::waiting_list::lock_lists;
use super::writer_turn::{LockRequest, WriterTurn, acquire, request_lock};
use crate::deadline::Deadline;

const TIMEOUT: Duration = Duration::from_secs(20);

fn within(wait: Duration, lock_path: &Path) -> Option<WriterTurn> {
    acquire(lock_path, Deadline::after(wait)).unwrap()
}

/// Holds the lock as another process would.
fn lock_elsewhere(lock_path: &Path) -> LockFile {
    let file = LockFile::open(lock_path).unwrap();
    assert!(file.try_lock().unwrap());
    file
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let lock_path = folder.path().join("lock");
    (folder, lock_path)
}

#[track_caller]
fn wait_until(mut condition: impl FnMut() -> bool) {
    let met = Deadline::after(TIMEOUT).poll(|| Ok::<_, ()>(condition().then_some(())));
    assert_eq!(met, Ok(Some(())), "it took too long");
}

fn is_in_use(lock_path: &Path) -> bool {
    lock_lists().is_in_use(lock_path)
}

fn waiting(lock_path: &Path) -> usize {
    lock_lists().of(lock_path).len()
}

#[test]
fn threads_get_their_turn_in_order_of_arrival() {
    let (_folder, lock_path) = folder();
    let served = Mutex::new(Vec::new());
    let first = within(TIMEOUT, &lock_path).unwrap();
    thread::scope(|scope| {
        for number in 1..=8 {
            let (lock_path, served) = (&lock_path, &served);
            scope.spawn(move || {
                let _turn = within(TIMEOUT, lock_path).unwrap();
                served.lock().unwrap().push(number);
            });
            wait_until(|| waiting(lock_path) == number);
        }
        drop(first);
    });
    assert_eq!(served.into_inner().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_thread_that_gives_up_blocks_no_other() {
    let (_folder, lock_path) = folder();
    let first = within(Duration::ZERO, &lock_path).unwrap();
    assert!(within(Duration::from_millis(5), &lock_path).is_none());
    drop(first);
    assert!(within(Duration::ZERO, &lock_path).is_some());
    assert!(!is_in_use(&lock_path));
}

#[test]
fn threads_wait_for_the_lock_of_another_process_until_the_deadline() {
    let (_folder, lock_path) = folder();
    let elsewhere = lock_elsewhere(&lock_path);
    assert!(within(Duration::from_millis(5), &lock_path).is_none());
    thread::scope(|scope| {
        let patient: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| within(TIMEOUT, &lock_path).is_some()))
            .collect();
        wait_until(|| waiting(&lock_path) == 4);
        drop(elsewhere);
        for thread in patient {
            assert!(thread.join().unwrap());
        }
    });
}

#[test]
fn a_lock_that_is_granted_too_late_is_released() {
    let (_folder, lock_path) = folder();
    let elsewhere = lock_elsewhere(&lock_path);
    assert!(within(Duration::from_millis(5), &lock_path).is_none());
    drop(elsewhere);
    // No thread waits for the helper any more.
    wait_until(|| !is_in_use(&lock_path));
    drop(lock_elsewhere(&lock_path));
}

#[test]
fn the_lock_of_a_replaced_file_gives_no_turn() {
    let (folder, lock_path) = folder();
    let elsewhere = lock_elsewhere(&lock_path);
    thread::scope(|scope| {
        let patient = scope.spawn(|| within(TIMEOUT, &lock_path).unwrap());
        wait_until(|| waiting(&lock_path) == 1);
        let other = folder.path().join("other");
        let replaced = lock_elsewhere(&other);
        fs::rename(other, &lock_path).unwrap();
        drop(elsewhere);
        drop(replaced);
        let turn = patient.join().unwrap();
        assert!(LockFile::open(&lock_path).unwrap().is_locked().unwrap());
        drop(turn);
    });
}

#[test]
fn a_free_lock_is_left_to_waiting_processes_but_not_forever() {
    let (_folder, lock_path) = folder();
    let stopped = LockFile::open(&lock_path).unwrap();
    stopped.pretend_to_wait();
    let requested = request_lock(&lock_path, true).unwrap();
    assert!(
        matches!(requested, LockRequest::RetryAfter(_)),
        "{requested:?}"
    );
    assert!(within(TIMEOUT, &lock_path).is_some());
    assert!(within(Duration::ZERO, &lock_path).is_some());
}

#[test]
fn a_lock_file_that_cannot_be_opened_is_an_error_for_each_thread() {
    let (folder, _) = folder();
    let lock_path = folder.path().join("missing").join("lock");
    for _ in 0..2 {
        acquire(&lock_path, Deadline::after(TIMEOUT)).unwrap_err();
    }
    assert!(!is_in_use(&lock_path));
}
