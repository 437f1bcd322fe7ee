//! The latest snapshot that a registry has read, with the files that it is from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault::Fault;
use super::files::StoreFiles;
use super::mark::{Mark, MarkReader};
use super::position::Position;
use super::snapshot::Snapshot;
use super::tables::changes::Changes;
use crate::deadline::Deadline;

/// The number of attempts to read a state while others write, even if the deadline has passed.
const MIN_ATTEMPTS: u32 = 100;

/// The latest snapshot. It is replaced as a whole.
#[derive(Debug, Default)]
pub(super) struct SnapshotCache {
    current: Mutex<Option<Arc<Snapshot>>>,
    marks: MarkReader,
    replacements: AtomicU64,
}

impl SnapshotCache {
    /// Returns the state of the latest acknowledged commit. Returns `None` if there is no store.
    ///
    /// Tries again if others have changed the files meanwhile.
    pub(super) fn latest(
        &self,
        files: &StoreFiles,
        deadline: Deadline,
    ) -> Result<Option<Arc<Snapshot>>, Fault> {
        for attempt in 1.. {
            let marks = self.marks.read(&files.lock)?;
            let mark = marks.current();
            let read = self.as_of(files, mark);
            let is_at_mark = |snapshot: &Arc<Snapshot>| {
                mark.is_some_and(|mark| mark.position == snapshot.position)
            };
            // A mark that did not change proves that nobody has committed or merged meanwhile.
            if matches!(&read, Ok(Some(snapshot)) if is_at_mark(snapshot))
                || self.marks.read(&files.lock)?.current() == mark
            {
                return read;
            }
            if attempt >= MIN_ATTEMPTS && deadline.remaining().is_zero() {
                break;
            }
        }
        Err(Fault::Busy)
    }

    /// Returns the state as of a mark, or after the last valid record if no mark counts.
    pub(super) fn as_of(
        &self,
        files: &StoreFiles,
        mark: Option<&Mark>,
    ) -> Result<Option<Arc<Snapshot>>, Fault> {
        let mut current = self.lock();
        if let Some(snapshot) = &mut *current
            && snapshot.is_of(files)
            && matches!(Snapshot::advance(snapshot, mark, &files.journal), Ok(true))
        {
            return Ok(Some(snapshot.clone()));
        }
        let before = current.clone();
        // Others need not wait while the files are read.
        drop(current);
        let read = Snapshot::read(files, mark)?;
        // One that others have read or written meanwhile may be later.
        let address = |snapshot: &Option<Arc<Snapshot>>| snapshot.as_ref().map(Arc::as_ptr);
        if address(&self.lock()) == address(&before) {
            self.set(read.clone());
        }
        Ok(read)
    }

    /// Replaces the snapshot.
    pub(super) fn set(&self, snapshot: Option<Arc<Snapshot>>) {
        let mut current = self.lock();
        if let Some(before) = &*current
            && !snapshot.as_ref().is_some_and(|it| it.may_follow(before))
        {
            self.replacements.fetch_add(1, Ordering::Relaxed);
        }
        let before = std::mem::replace(&mut *current, snapshot);
        // Unlock the mutex before the files are closed.
        drop(current);
        drop(before);
    }

    /// Adds the changes of a commit to the snapshot that it followed, without copying it if nobody else has it.
    pub(super) fn append(
        &self,
        snapshot: &mut Arc<Snapshot>,
        changes: &Changes,
        next_id: u64,
        position: Position,
        end: u64,
    ) {
        let mut current = self.lock();
        if matches!(&*current, Some(before) if Arc::ptr_eq(before, snapshot)) {
            *current = None;
        }
        let changes = changes.iter().map(|(_, change)| change);
        Arc::make_mut(snapshot).append(changes, next_id, position, end);
        *current = Some(snapshot.clone());
    }

    /// Returns how often the files were found to be removed or replaced.
    #[cfg(feature = "daemon")]
    pub(super) fn replacements(&self) -> u64 {
        self.replacements.load(Ordering::Relaxed)
    }

    /// Forgets the snapshot.
    pub(super) fn clear(&self) {
        let before = self.lock().take();
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Snapshot>>> {
        // A panic cannot leave it half changed, because its content is replaced as a whole.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
