//! Whose turn it is to write.
//!
//! redb lets one process write at a time and leaves open which of those that wait comes next; one
//! that asks again right after its commit would mostly win. So writers queue up: the lock of a
//! file beside the store is the place at the head of the queue among processes, and whoever has it
//! asks redb for the writer lock, which the last writer cannot take again without queueing up
//! behind. Within a process the queue is first come, first served.
//!
//! The lock is asked for again and again, since a process that waits for it without an end could be
//! kept for ever by one that was stopped. So that those who come again at once do not get ahead, who
//! has waited longer asks more often, and who had to wait lets others go first the next time.
//!
//! The queue is for fairness alone. That two never write at once is redb's promise, so the queue
//! is passed by where its file cannot be locked, or after half of the wait: a process in it may
//! have been stopped.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::fault::Fault;
use super::file::{Access, open_lock_file};
use crate::deadline::{Deadline, LONGEST_PAUSE};

/// The queue of those that want to write to one store.
#[derive(Debug)]
pub(super) struct Turnstile {
    lock_path: PathBuf,
    queue: Mutex<Queue>,
    moved: Condvar,
}

/// The threads of this process, the first of which has its turn or is next among processes.
#[derive(Debug, Default)]
struct Queue {
    tickets: VecDeque<u64>,
    next_ticket: u64,
    /// Until when this process lets others go ahead.
    yields_until: Option<Instant>,
}

/// The turn of a thread among those of its process, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turnstile: &'a Turnstile,
    ticket: u64,
    /// Others were at the head of the queue when this process came to it.
    is_contended: Cell<bool>,
}

/// The head of the queue among processes, until it is dropped.
#[derive(Debug)]
pub(super) struct HeadOfQueue {
    /// `None` where the queue was passed by.
    #[cfg_attr(not(test), expect(dead_code, reason = "held for its lock"))]
    lock: Option<File>,
}

impl Turnstile {
    pub(super) fn new(lock_path: PathBuf) -> Turnstile {
        Turnstile {
            lock_path,
            queue: Mutex::default(),
            moved: Condvar::new(),
        }
    }

    /// Waits for this thread's turn in its process; `None` when the deadline passes first.
    pub(super) fn enter(&self, deadline: Deadline) -> Option<Turn<'_>> {
        let mut queue = self.queue();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.tickets.push_back(ticket);
        let turn = Turn {
            turnstile: self,
            ticket,
            is_contended: Cell::new(false),
        };
        let (queue, _) = self
            .moved
            .wait_timeout_while(queue, deadline.remaining(), |queue| {
                queue.tickets.front() != Some(&ticket)
            })
            .unwrap_or_else(PoisonError::into_inner);
        let is_first = queue.tickets.front() == Some(&ticket);
        drop(queue);
        is_first.then_some(turn)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each critical section leaves the queue whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Waits for the head of the queue among processes, or passes the queue by when it does not
    /// move. To be dropped as soon as the writer lock is won.
    pub(super) fn head_of_queue(&self, deadline: Deadline) -> HeadOfQueue {
        let yields_until = self.turnstile.queue().yields_until.take();
        if let Some(moment) = yields_until {
            thread::sleep(moment.saturating_duration_since(Instant::now()));
        }
        let patience = Deadline::after(deadline.remaining() / 2);
        HeadOfQueue {
            lock: self.lock(patience).ok().flatten(),
        }
    }

    /// Waits for the right to create the store.
    pub(super) fn lock_for_creation(&self, deadline: Deadline) -> Result<File, Fault> {
        let lock = self
            .lock(deadline)
            .map_err(|error| Fault::File(error, Access::ReadWrite))?;
        lock.ok_or(Fault::Busy)
    }

    /// The lock file, locked until it is dropped; `None` when the deadline passes first.
    fn lock(&self, deadline: Deadline) -> io::Result<Option<File>> {
        let file = open_lock_file(&self.turnstile.lock_path)?;
        let locked = deadline.queue_up(|| match file.try_lock() {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => {
                self.is_contended.set(true);
                Ok(None)
            }
            Err(TryLockError::Error(error)) => Err(error),
        })?;
        Ok(locked.map(|()| file))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.turnstile.queue();
        queue.tickets.retain(|&ticket| ticket != self.ticket);
        if self.is_contended.get() {
            queue.yields_until = Some(Instant::now() + LONGEST_PAUSE);
        }
        drop(queue);
        self.turnstile.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Turnstile;
    use crate::deadline::Deadline;

    #[test]
    fn who_gives_up_waiting_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::new(folder.path().join("lock"));
        let brief = Deadline::after(Duration::from_millis(20));
        let first = turnstile.enter(brief).unwrap();
        assert!(turnstile.enter(brief).is_none());
        drop(first);
        assert!(turnstile.enter(brief).is_some());
    }

    #[test]
    fn threads_get_their_turn_in_the_order_they_came() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::new(folder.path().join("lock"));
        let served = std::sync::Mutex::new(Vec::new());
        let deadline = Deadline::after(Duration::from_secs(20));
        std::thread::scope(|scope| {
            let first = turnstile.enter(deadline).unwrap();
            for number in 1..=8 {
                let (turnstile, served) = (&turnstile, &served);
                scope.spawn(move || {
                    let _turn = turnstile.enter(deadline).unwrap();
                    served.lock().unwrap().push(number);
                });
                // The next comes once this one stands in the queue.
                deadline
                    .poll(|| {
                        let waiting = turnstile.queue().tickets.len();
                        Ok::<_, ()>((waiting == number + 1).then_some(()))
                    })
                    .unwrap()
                    .unwrap();
            }
            drop(first);
        });
        assert_eq!(served.into_inner().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_queue_that_does_not_move_is_passed_by() {
        let folder = tempfile::tempdir().unwrap();
        let turnstile = Turnstile::new(folder.path().join("lock"));
        let stuck = Turnstile::new(folder.path().join("lock"));
        let deadline = Deadline::after(Duration::from_millis(30));
        let turn = stuck.enter(deadline).unwrap();
        let head = turn.head_of_queue(deadline);
        assert!(head.lock.is_some());
        let late = turnstile.enter(deadline).unwrap();
        assert!(late.head_of_queue(deadline).lock.is_none());
        drop(head);
        assert!(late.head_of_queue(deadline).lock.is_some());
    }
}
