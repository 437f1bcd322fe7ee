//! The queue of writers to a store.
//!
//! The holder of the writer lock, a lock on the file beside the store, is the only one that creates the store,
//! opens it for writing and commits. Processes queue for the lock in the kernel, where a waiting process blocks.
//! If many processes polled instead, they would keep the lock's holder from running.
//!
//! The system has no locks with a timeout. So if the lock is taken, a helper thread waits for it, one per store
//! and process, and the threads that want to write wait for the helper until their deadlines. A helper that
//! acquires the lock after all of them have given up releases it at once.
//!
//! Leave a free lock to waiting processes. The kernel wakes the first of them, but a running process that wants to
//! write again would usually be faster. Waiting processes share a second lock, by which others see them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, PoisonError};
use std::thread;
use std::time::Duration;

use super::lock_file::LockFile;
use super::waiting_list::{LockState, WaitingLists, lock_lists};
use crate::deadline::Deadline;

/// The pause between two attempts to take the lock if no helper thread can be started.
const POLL_PAUSE: Duration = Duration::from_millis(4);

/// The pause in which a waiting process can take a free lock, and the maximum number of such pauses. The number is
/// limited because the waiting process may be suspended.
const COURTESY_PAUSE: Duration = Duration::from_micros(100);
const COURTESY_PAUSES: u32 = 20;

/// The right to write to a store, until it is dropped.
#[derive(Debug)]
pub(in crate::store) struct WriterTurn {
    lock_path: PathBuf,
    /// `None` once the lock is released.
    file: Option<LockFile>,
}

/// Waits for the writer lock. Returns `None` if the deadline passes first. A free lock is taken even after the
/// deadline.
///
/// # Errors
///
/// Returns the error of the operating system if the lock file cannot be opened or locked.
pub(in crate::store) fn acquire(
    lock_path: &Path,
    deadline: Deadline,
) -> io::Result<Option<WriterTurn>> {
    let thread = Arc::new(Condvar::new());
    let mut courtesies = COURTESY_PAUSES;
    let mut lists = lock_lists();
    lists.of(lock_path).join(&thread);
    loop {
        let mut pause = deadline.remaining();
        match lists.of(lock_path).take_lock(&thread) {
            LockState::Granted(locked) => return finish(&mut lists, lock_path, &thread, locked),
            LockState::Free => {
                drop(lists);
                let requested = request_lock(lock_path, courtesies > 0 && !pause.is_zero());
                lists = lock_lists();
                match requested {
                    Ok(LockRequest::Locked(file)) => {
                        return finish(&mut lists, lock_path, &thread, Ok(file));
                    }
                    // The helper may have acquired the lock before the lists were locked again.
                    Ok(LockRequest::Awaited) => continue,
                    Ok(LockRequest::RetryAfter(later)) => {
                        lists.of(lock_path).lock = LockState::Free;
                        courtesies = courtesies.saturating_sub(1);
                        pause = pause.min(later);
                    }
                    Err(error) => return finish(&mut lists, lock_path, &thread, Err(error)),
                }
            }
            LockState::Busy => {}
        }
        if deadline.remaining().is_zero() {
            lists.of(lock_path).leave(&thread);
            lists.wake_first(lock_path);
            return Ok(None);
        }
        let waited = thread.wait_timeout(lists, pause);
        lists = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Ends the wait of the first thread, which has acquired the lock or met an error.
fn finish(
    lists: &mut WaitingLists,
    lock_path: &Path,
    thread: &Arc<Condvar>,
    locked: io::Result<LockFile>,
) -> io::Result<Option<WriterTurn>> {
    let list = lists.of(lock_path);
    list.leave(thread);
    match locked {
        Ok(file) => Ok(Some(WriterTurn {
            lock_path: lock_path.to_owned(),
            file: Some(file),
        })),
        Err(error) => {
            list.lock = LockState::Free;
            lists.wake_first(lock_path);
            Err(error)
        }
    }
}

impl WriterTurn {
    /// Returns the locked file.
    pub(in crate::store) fn lock(&self) -> io::Result<&LockFile> {
        self.file
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Fails if the lock file does not have its name any more. Its lock excludes nobody then.
    pub(in crate::store) fn check_name(&self) -> io::Result<()> {
        if self.lock()?.is_current(&self.lock_path)? {
            return Ok(());
        }
        let name = self.lock_path.display();
        Err(io::Error::other(format!(
            "{name} was removed while it was locked"
        )))
    }
}

impl Drop for WriterTurn {
    fn drop(&mut self) {
        // Release the lock before the next thread wakes up.
        drop(self.file.take());
        let mut lists = lock_lists();
        lists.of(&self.lock_path).lock = LockState::Free;
        lists.wake_first(&self.lock_path);
    }
}

/// The outcome of a request for the lock.
#[derive(Debug)]
pub(super) enum LockRequest {
    Locked(LockFile),
    /// Another process has the lock, and the helper waits for it.
    Awaited,
    /// The lock is left to another process, or no helper thread can be started.
    RetryAfter(Duration),
}

/// Takes the lock if it is free and not left to others, and starts the helper otherwise.
pub(super) fn request_lock(lock_path: &Path, leave_to_others: bool) -> io::Result<LockRequest> {
    loop {
        let file = LockFile::open(lock_path)?;
        if leave_to_others && file.is_awaited()? && !file.is_locked()? {
            return Ok(LockRequest::RetryAfter(COURTESY_PAUSE));
        }
        if file.try_lock()? {
            if file.is_current(lock_path)? {
                return Ok(LockRequest::Locked(file));
            }
            continue;
        }
        let lock_path = lock_path.to_owned();
        let helper = thread::Builder::new().name("writer lock".to_owned());
        let started = helper.spawn(move || await_lock(&lock_path, file));
        return Ok(match started {
            Ok(_) => LockRequest::Awaited,
            Err(_) => LockRequest::RetryAfter(POLL_PAUSE),
        });
    }
}

/// Runs the helper: waits for the lock without a limit and grants it to the first thread that waits then. Releases
/// it if there is none.
fn await_lock(lock_path: &Path, file: LockFile) {
    let locked = lock_current(lock_path, file);
    let mut lists = lock_lists();
    lists.of(lock_path).lock = LockState::Granted(locked);
    lists.wake_first(lock_path);
}

/// Waits for the lock of the file that has this name once the lock is acquired.
fn lock_current(lock_path: &Path, mut file: LockFile) -> io::Result<LockFile> {
    loop {
        file.lock()?;
        if file.is_current(lock_path)? {
            return Ok(file);
        }
        file = LockFile::open(lock_path)?;
    }
}
