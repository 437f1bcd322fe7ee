//! The queue of writers to one store.
//!
//! A lock on the file beside the store is the writer lock: its holder alone opens the store for writing,
//! creates it and commits. The queue among processes is the kernel's, in which a waiting process blocks.
//! Polling by many would keep the lock's holder from running.
//!
//! No lock of the system has a time-out. So when the lock is taken, a helper thread waits for it, one for
//! each store and process, and the threads that want to write wait for the helper until their deadlines.
//! A helper that gets the lock when everybody has given up releases it at once.
//!
//! Leave a free lock to those that wait: the kernel wakes the first of them, and a process that comes back
//! for its next write would mostly be quicker. Waiting processes share a second lock by which they are seen.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::lock_file::LockFile;
use crate::deadline::Deadline;

/// The pause between two attempts to get the lock where no helper thread can be started.
const POLL_PAUSE: Duration = Duration::from_millis(4);

/// The pause in which a process that waits for the lock can take it, and the number of such pauses until the
/// lock is left to nobody any more: a process that waits may be stopped.
const COURTESY_PAUSE: Duration = Duration::from_micros(100);
const COURTESY_PAUSES: u32 = 20;

/// The right to write to a store, until it is dropped.
#[derive(Debug)]
pub(in crate::store) struct WriterTurn {
    lock_path: PathBuf,
    /// `None` once it is released.
    file: Option<LockFile>,
}

/// Waits for the turn to write to the store with this lock file. Returns `None` if the deadline passes
/// first. A lock that nobody has is taken even after the deadline.
///
/// # Errors
///
/// The error of the operating system if the lock file cannot be opened or locked.
pub(in crate::store) fn acquire(
    lock_path: &Path,
    deadline: Deadline,
) -> io::Result<Option<WriterTurn>> {
    let own = Arc::new(Condvar::new());
    let mut courtesies = COURTESY_PAUSES;
    let mut queues = lock_queues();
    queues.of(lock_path).waiting.push_back(own.clone());
    loop {
        let mut pause = deadline.remaining();
        match queues.of(lock_path).take_lock(&own) {
            Lock::Granted(locked) => return queues.finish(lock_path, &own, locked),
            Lock::Free => {
                drop(queues);
                let requested = request(lock_path, courtesies > 0 && !pause.is_zero());
                queues = lock_queues();
                match requested {
                    Ok(Request::Locked(file)) => {
                        return queues.finish(lock_path, &own, Ok(file));
                    }
                    // The helper may have got it before the mutex was locked again.
                    Ok(Request::Awaited) => continue,
                    Ok(Request::Later(later)) => {
                        queues.of(lock_path).lock = Lock::Free;
                        courtesies = courtesies.saturating_sub(1);
                        pause = pause.min(later);
                    }
                    Err(error) => return queues.finish(lock_path, &own, Err(error)),
                }
            }
            Lock::Busy => {}
        }
        if deadline.remaining().is_zero() {
            queues.give_up(lock_path, &own);
            return Ok(None);
        }
        let waited = own.wait_timeout(queues, pause);
        queues = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl Drop for WriterTurn {
    fn drop(&mut self) {
        // Released before the next thread is told.
        drop(self.file.take());
        let mut queues = lock_queues();
        queues.of(&self.lock_path).lock = Lock::Free;
        queues.wake_first(&self.lock_path);
    }
}

/// The queues of this process, by their lock files. One that nobody uses is left out.
struct Queues {
    /// The process that these belong to. A forked child has neither their threads nor their helpers.
    process: u32,
    by_path: BTreeMap<PathBuf, Queue>,
}

static QUEUES: Mutex<Queues> = Mutex::new(Queues {
    process: 0,
    by_path: BTreeMap::new(),
});

/// The threads of this process that want to write to one store.
#[derive(Default)]
struct Queue {
    /// In the order in which they came, each with the condition that wakes it alone.
    waiting: VecDeque<Arc<Condvar>>,
    lock: Lock,
}

/// The state of the lock, as far as this process has to do with it.
#[derive(Default)]
enum Lock {
    /// No thread of this process holds it or asks for it.
    #[default]
    Free,
    /// A thread holds it or asks for it, or the helper waits for it.
    Busy,
    /// The helper got it, or failed to, for the first of those that wait.
    Granted(io::Result<LockFile>),
}

fn lock_queues() -> MutexGuard<'static, Queues> {
    // Each critical section leaves the queues whole.
    let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
    if queues.process != process::id() {
        queues.process = process::id();
        queues.by_path.clear();
    }
    queues
}

impl Queues {
    fn of(&mut self, lock_path: &Path) -> &mut Queue {
        self.by_path.entry(lock_path.to_owned()).or_default()
    }

    /// Ends the wait of the first thread, which got the lock or an error.
    fn finish(
        &mut self,
        lock_path: &Path,
        own: &Arc<Condvar>,
        locked: io::Result<LockFile>,
    ) -> io::Result<Option<WriterTurn>> {
        let queue = self.of(lock_path);
        queue.leave(own);
        match locked {
            Ok(file) => Ok(Some(WriterTurn {
                lock_path: lock_path.to_owned(),
                file: Some(file),
            })),
            Err(error) => {
                queue.lock = Lock::Free;
                self.wake_first(lock_path);
                Err(error)
            }
        }
    }

    /// Ends the wait of a thread whose deadline has passed.
    fn give_up(&mut self, lock_path: &Path, own: &Arc<Condvar>) {
        self.of(lock_path).leave(own);
        self.wake_first(lock_path);
    }

    /// Wakes the first thread that waits. A queue that nobody uses goes, and with it a lock that was granted
    /// to nobody.
    fn wake_first(&mut self, lock_path: &Path) {
        let queue = self.of(lock_path);
        match queue.waiting.front() {
            Some(first) => first.notify_one(),
            None if matches!(queue.lock, Lock::Busy) => {}
            None => drop(self.by_path.remove(lock_path)),
        }
    }
}

impl Queue {
    /// Takes the lock as it is, for the first thread to deal with. For the others it is busy.
    fn take_lock(&mut self, own: &Arc<Condvar>) -> Lock {
        match self.waiting.front() {
            Some(first) if Arc::ptr_eq(first, own) => mem::replace(&mut self.lock, Lock::Busy),
            _ => Lock::Busy,
        }
    }

    fn leave(&mut self, own: &Arc<Condvar>) {
        self.waiting.retain(|it| !Arc::ptr_eq(it, own));
    }
}

/// The outcome of asking for the lock.
#[derive(Debug)]
enum Request {
    Locked(LockFile),
    /// Another process has it, and the helper waits for it.
    Awaited,
    /// Ask again after a pause: it is for another process to take, or there is no thread to wait for it.
    Later(Duration),
}

/// Takes the lock if it is free and not left to others, and starts the helper otherwise.
fn request(lock_path: &Path, leave_to_others: bool) -> io::Result<Request> {
    loop {
        let file = LockFile::open(lock_path)?;
        if leave_to_others && file.is_awaited()? && !file.is_locked()? {
            return Ok(Request::Later(COURTESY_PAUSE));
        }
        if file.try_lock()? {
            if file.is_current(lock_path) {
                return Ok(Request::Locked(file));
            }
            continue;
        }
        let lock_path = lock_path.to_owned();
        let helper = thread::Builder::new().name("writer lock".to_owned());
        let started = helper.spawn(move || await_lock(&lock_path, file));
        return Ok(match started {
            Ok(_) => Request::Awaited,
            Err(_) => Request::Later(POLL_PAUSE),
        });
    }
}

/// The helper: waits for the lock without a limit, and hands it to the first thread that waits then, or
/// releases it if there is none.
fn await_lock(lock_path: &Path, file: LockFile) {
    let locked = lock(lock_path, file);
    let mut queues = lock_queues();
    queues.of(lock_path).lock = Lock::Granted(locked);
    queues.wake_first(lock_path);
}

fn lock(lock_path: &Path, mut file: LockFile) -> io::Result<LockFile> {
    loop {
        file.lock()?;
        if file.is_current(lock_path) {
            return Ok(file);
        }
        file = LockFile::open(lock_path)?;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;
    use std::thread;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::{LockFile, WriterTurn, acquire, lock_queues};
    use crate::deadline::Deadline;

    const PATIENCE: Duration = Duration::from_secs(20);

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
    fn wait_until(mut is_so: impl FnMut() -> bool) {
        let seen = Deadline::after(PATIENCE).poll(|| Ok::<_, ()>(is_so().then_some(())));
        assert_eq!(seen, Ok(Some(())), "it took too long");
    }

    fn is_in_use(lock_path: &Path) -> bool {
        lock_queues().by_path.contains_key(lock_path)
    }

    fn waiting(lock_path: &Path) -> usize {
        lock_queues().of(lock_path).waiting.len()
    }

    #[test]
    fn threads_get_their_turn_in_the_order_they_came() {
        let (_folder, lock_path) = folder();
        let served = Mutex::new(Vec::new());
        let first = within(PATIENCE, &lock_path).unwrap();
        thread::scope(|scope| {
            for number in 1..=8 {
                let (lock_path, served) = (&lock_path, &served);
                scope.spawn(move || {
                    let _turn = within(PATIENCE, lock_path).unwrap();
                    served.lock().unwrap().push(number);
                });
                wait_until(|| waiting(lock_path) == number);
            }
            drop(first);
        });
        assert_eq!(served.into_inner().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_thread_that_gives_up_holds_up_nobody() {
        let (_folder, lock_path) = folder();
        let first = within(Duration::ZERO, &lock_path).unwrap();
        assert!(within(Duration::from_millis(5), &lock_path).is_none());
        drop(first);
        assert!(within(Duration::ZERO, &lock_path).is_some());
        assert!(!is_in_use(&lock_path));
    }

    #[test]
    fn the_lock_of_another_process_is_waited_for_until_the_deadline() {
        let (_folder, lock_path) = folder();
        let elsewhere = lock_elsewhere(&lock_path);
        assert!(within(Duration::from_millis(5), &lock_path).is_none());
        thread::scope(|scope| {
            let patient: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| within(PATIENCE, &lock_path).is_some()))
                .collect();
            wait_until(|| waiting(&lock_path) == 4);
            drop(elsewhere);
            for thread in patient {
                assert!(thread.join().unwrap());
            }
        });
    }

    #[test]
    fn a_lock_that_comes_too_late_is_given_back() {
        let (_folder, lock_path) = folder();
        let elsewhere = lock_elsewhere(&lock_path);
        assert!(within(Duration::from_millis(5), &lock_path).is_none());
        drop(elsewhere);
        // The helper that waited for it has nobody left to hand it to.
        wait_until(|| !is_in_use(&lock_path));
        drop(lock_elsewhere(&lock_path));
    }

    #[test]
    fn the_lock_of_a_file_that_was_replaced_meanwhile_is_no_turn() {
        let (folder, lock_path) = folder();
        let elsewhere = lock_elsewhere(&lock_path);
        thread::scope(|scope| {
            let patient = scope.spawn(|| within(PATIENCE, &lock_path).unwrap());
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
    fn a_free_lock_is_left_to_those_that_wait_but_not_for_ever() {
        let (_folder, lock_path) = folder();
        let stopped = LockFile::open(&lock_path).unwrap();
        stopped.pretend_to_wait();
        let courteous = super::request(&lock_path, true).unwrap();
        assert!(
            matches!(courteous, super::Request::Later(_)),
            "{courteous:?}"
        );
        assert!(within(PATIENCE, &lock_path).is_some());
        assert!(within(Duration::ZERO, &lock_path).is_some());
    }

    #[test]
    fn a_lock_file_that_cannot_be_opened_is_an_error_for_each_that_asks() {
        let (folder, _) = folder();
        let lock_path = folder.path().join("missing").join("lock");
        for _ in 0..2 {
            acquire(&lock_path, Deadline::after(PATIENCE)).unwrap_err();
        }
        assert!(!is_in_use(&lock_path));
    }
}
