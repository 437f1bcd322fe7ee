//! Comparing checkouts by their folders, on file systems that may not respond.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{fs, thread};

use super::root::{RootKind, root_of};

/// The time that a file system has to respond.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The maximum number of threads that may be blocked by file systems that do not respond.
const MAX_BLOCKED_THREADS: usize = 8;

/// The recorded checkout of a service, compared with the one that claims it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckoutMatch {
    /// Both are the same folder, perhaps by different paths.
    Same,
    /// The recorded checkout no longer exists.
    Gone,
    /// The recorded checkout is another one. A checkout that cannot be examined counts as existing, for example on a
    /// network file system that does not respond.
    Other,
}

/// Compares the folder of a claim with the recorded one.
pub(crate) fn compare(claimed: &Path, recorded: &Path) -> CheckoutMatch {
    if claimed.as_os_str() == recorded.as_os_str() {
        return CheckoutMatch::Same;
    }
    let (claimed, recorded) = (claimed.to_owned(), recorded.to_owned());
    run_with_timeout(RESPONSE_TIMEOUT, move || {
        compare_folders(&claimed, &recorded)
    })
    .unwrap_or(CheckoutMatch::Other)
}

/// Tests if a folder certainly no longer exists.
pub(crate) fn is_gone(folder: &Path) -> bool {
    let folder = folder.to_owned();
    run_with_timeout(RESPONSE_TIMEOUT, move || is_absent(&folder)).unwrap_or(false)
}

/// Tests if a path leads to a folder or something in it, and not into another checkout inside the folder. Returns `None`
/// if the file system does not tell.
pub(crate) fn contains(folder: &Path, path: &Path) -> Option<bool> {
    let (folder, path) = (folder.to_owned(), path.to_owned());
    let is_inside = move || {
        let folder = fs::canonicalize(folder).ok()?;
        let path = fs::canonicalize(path).ok()?;
        let is_below = path.starts_with(&folder);
        Some(is_below && !is_in_checkout_below(&folder, &path)?)
    };
    run_with_timeout(RESPONSE_TIMEOUT, is_inside).flatten()
}

/// Tests if the nearest checkout around a path is inside the folder. Outside of git, only a project file makes one.
fn is_in_checkout_below(folder: &Path, path: &Path) -> Option<bool> {
    let root = root_of(path).ok()?;
    Some(root.kind != RootKind::Plain && !folder.starts_with(root.path))
}

fn is_absent(folder: &Path) -> bool {
    match folder.try_exists() {
        Ok(exists) => !exists,
        // One of the folder's parents is a file now.
        Err(error) => error.kind() == ErrorKind::NotADirectory,
    }
}

fn compare_folders(claimed: &Path, recorded: &Path) -> CheckoutMatch {
    if is_absent(recorded) {
        return CheckoutMatch::Gone;
    }
    match (fs::canonicalize(claimed), fs::canonicalize(recorded)) {
        (Ok(claimed), Ok(recorded)) if claimed == recorded => CheckoutMatch::Same,
        _ => CheckoutMatch::Other,
    }
}

/// Runs `task` on a thread of its own, and leaves the thread behind if it takes longer than `timeout`. Returns `None`
/// then, and if too many threads were left behind already.
fn run_with_timeout<T: Send + 'static>(
    timeout: Duration,
    task: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    static BLOCKED: AtomicUsize = AtomicUsize::new(0);
    if BLOCKED.load(Ordering::Relaxed) >= MAX_BLOCKED_THREADS {
        return None;
    }
    let (sender, receiver) = mpsc::channel();
    // Set by the first of the two: the thread when it is done, or the caller when it gives up.
    let is_over = Arc::new(AtomicBool::new(false));
    let thread_is_over = is_over.clone();
    let spawned = thread::Builder::new().spawn(move || {
        // The caller may have given up.
        let _ = sender.send(task());
        if thread_is_over.swap(true, Ordering::Relaxed) {
            BLOCKED.fetch_sub(1, Ordering::Relaxed);
        }
    });
    spawned.ok()?;
    match receiver.recv_timeout(timeout) {
        Ok(answer) => Some(answer),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            BLOCKED.fetch_add(1, Ordering::Relaxed);
            if !is_over.swap(true, Ordering::Relaxed) {
                return None;
            }
            // The thread has finished just now.
            BLOCKED.fetch_sub(1, Ordering::Relaxed);
            receiver.try_recv().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;

    use super::{MAX_BLOCKED_THREADS, run_with_timeout};

    #[test]
    fn blocked_threads_are_limited_in_time_and_number() {
        let timeout = Duration::from_millis(10);
        let (unblock, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        for _ in 0..2 * MAX_BLOCKED_THREADS {
            let wait = wait.clone();
            let stuck = run_with_timeout(timeout, move || wait.lock().map(|it| it.recv()).is_ok());
            assert_eq!(stuck, None);
        }
        drop(unblock);
        let deadline = crate::deadline::Deadline::after(Duration::from_secs(20));
        let answer = deadline.poll(|| Ok::<_, ()>(run_with_timeout(timeout, || 7)));
        assert_eq!(answer, Ok(Some(7)));
    }
}
