//! The threads of this process that wait to write, by store.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::lock_file::LockFile;

/// The waiting lists of this process, by lock file. Lists that are not in use are left out.
pub(super) struct WaitingLists {
    /// The process that the lists belong to. A forked child has neither the threads nor the helpers in them.
    process: u32,
    by_path: BTreeMap<PathBuf, WaitingList>,
}

static WAITING_LISTS: Mutex<WaitingLists> = Mutex::new(WaitingLists {
    process: 0,
    by_path: BTreeMap::new(),
});

/// The threads of this process that wait to write to one store.
#[derive(Default)]
pub(super) struct WaitingList {
    /// In the order of their arrival, each with the condition that wakes this thread alone.
    threads: VecDeque<Arc<Condvar>>,
    pub(super) lock: LockState,
}

/// The state of the writer lock in this process.
#[derive(Default)]
pub(super) enum LockState {
    /// No thread of this process holds the lock or requests it.
    #[default]
    Free,
    /// A thread holds or requests the lock, or the helper waits for it.
    Busy,
    /// The helper has acquired the lock, or failed to, for the first thread in the list.
    Granted(io::Result<LockFile>),
}

/// Locks the waiting lists of this process.
pub(super) fn lock_lists() -> MutexGuard<'static, WaitingLists> {
    // No critical section leaves a list half changed.
    let mut lists = WAITING_LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    if lists.process != process::id() {
        lists.process = process::id();
        lists.by_path.clear();
    }
    lists
}

impl WaitingLists {
    /// Returns the list for a lock file.
    pub(super) fn of(&mut self, lock_path: &Path) -> &mut WaitingList {
        self.by_path.entry(lock_path.to_owned()).or_default()
    }

    /// Wakes the first thread in the list. Removes the list if nobody uses it, and with it a lock that was granted to
    /// nobody.
    pub(super) fn wake_first(&mut self, lock_path: &Path) {
        let list = self.of(lock_path);
        match list.threads.front() {
            Some(first) => first.notify_one(),
            None if matches!(list.lock, LockState::Busy) => {}
            None => drop(self.by_path.remove(lock_path)),
        }
    }

    #[cfg(test)]
    pub(super) fn is_in_use(&self, lock_path: &Path) -> bool {
        self.by_path.contains_key(lock_path)
    }
}

impl WaitingList {
    pub(super) fn join(&mut self, thread: &Arc<Condvar>) {
        self.threads.push_back(thread.clone());
    }

    pub(super) fn leave(&mut self, thread: &Arc<Condvar>) {
        self.threads.retain(|it| !Arc::ptr_eq(it, thread));
    }

    /// Takes the state of the lock, which the first thread has to handle. For other threads the lock is busy.
    pub(super) fn take_lock(&mut self, thread: &Arc<Condvar>) -> LockState {
        match self.threads.front() {
            Some(first) if Arc::ptr_eq(first, thread) => {
                mem::replace(&mut self.lock, LockState::Busy)
            }
            _ => LockState::Busy,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.threads.len()
    }
}
