//! Telling checkouts apart by their folders.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{fs, thread};

/// How long a file system may take to say whether a folder exists.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many threads may be left behind by file systems that do not answer.
const MOST_LEFT_BEHIND: usize = 8;

/// What the checkout that is recorded for a service is to the one that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// The same, perhaps by another name.
    Same,
    /// One that exists no longer.
    Gone,
    /// Another one. What cannot be looked at may well exist, and so may what is on a file system that
    /// does not answer, as on a network that is gone.
    Other,
}

/// Compares the folder that asks with the one that is recorded.
pub(crate) fn compare(wanted: &str, held: &str) -> Recorded {
    if wanted == held {
        return Recorded::Same;
    }
    let (wanted, held) = (wanted.to_owned(), held.to_owned());
    answer_within(PATIENCE, move || look(&wanted, &held)).unwrap_or(Recorded::Other)
}

/// Whether a folder certainly exists no longer.
pub(crate) fn is_gone(folder: &str) -> bool {
    let folder = folder.to_owned();
    answer_within(PATIENCE, move || is_absent(&folder)).unwrap_or(false)
}

/// Whether a path is that of a folder or of something in it, perhaps by another name. `None` when the
/// file system does not tell.
pub(crate) fn contains(folder: &str, path: &Path) -> Option<bool> {
    if path.starts_with(folder) {
        return Some(true);
    }
    let (folder, path) = (folder.to_owned(), path.to_owned());
    let real = move || {
        Some(
            fs::canonicalize(path)
                .ok()?
                .starts_with(fs::canonicalize(folder).ok()?),
        )
    };
    answer_within(PATIENCE, real).flatten()
}

fn is_absent(folder: &str) -> bool {
    match Path::new(folder).try_exists() {
        Ok(exists) => !exists,
        // A file took the place of a folder on the way.
        Err(error) => error.kind() == ErrorKind::NotADirectory,
    }
}

fn look(wanted: &str, held: &str) -> Recorded {
    if is_absent(held) {
        return Recorded::Gone;
    }
    match (fs::canonicalize(wanted), fs::canonicalize(held)) {
        (Ok(wanted), Ok(held)) if wanted == held => Recorded::Same,
        _ => Recorded::Other,
    }
}

/// What `look` comes to, on a thread of its own, which is left behind if it takes too long. `None`
/// then, and when too many were left behind already.
fn answer_within<T: Send + 'static>(
    patience: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    static LEFT_BEHIND: AtomicUsize = AtomicUsize::new(0);
    if LEFT_BEHIND.load(Ordering::Relaxed) >= MOST_LEFT_BEHIND {
        return None;
    }
    let (tell, told) = mpsc::channel();
    // Set by who is first: the thread when it has looked, or the caller when it gives up.
    let is_over = Arc::new(AtomicBool::new(false));
    let thread_is_over = is_over.clone();
    let spawned = thread::Builder::new().spawn(move || {
        // Nobody may be listening any more.
        let _ = tell.send(look());
        if thread_is_over.swap(true, Ordering::Relaxed) {
            LEFT_BEHIND.fetch_sub(1, Ordering::Relaxed);
        }
    });
    spawned.ok()?;
    match told.recv_timeout(patience) {
        Ok(answer) => Some(answer),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            LEFT_BEHIND.fetch_add(1, Ordering::Relaxed);
            if !is_over.swap(true, Ordering::Relaxed) {
                return None;
            }
            // It has looked just now.
            LEFT_BEHIND.fetch_sub(1, Ordering::Relaxed);
            told.try_recv().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;

    use super::{MOST_LEFT_BEHIND, answer_within};

    #[test]
    fn what_does_not_answer_is_waited_for_only_so_long_and_so_often() {
        let patience = Duration::from_millis(10);
        let (let_go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        for _ in 0..2 * MOST_LEFT_BEHIND {
            let wait = wait.clone();
            let stuck = answer_within(patience, move || wait.lock().map(|it| it.recv()).is_ok());
            assert_eq!(stuck, None);
        }
        drop(let_go);
        let deadline = crate::deadline::Deadline::after(Duration::from_secs(20));
        let answer = deadline.poll(|| Ok::<_, ()>(answer_within(patience, || 7)));
        assert_eq!(answer, Ok(Some(7)));
    }
}
