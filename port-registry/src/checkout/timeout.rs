//! Bounding the time of calls to file systems, which may not respond.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The time that a file system has to respond.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The maximum number of threads that may be blocked by file systems that do not respond.
const MAX_BLOCKED_THREADS: usize = 8;

/// Runs `task` on a thread of its own, and leaves the thread behind if it takes longer than `timeout`. Returns `None`
/// then, and if too many threads were left behind already.
pub(crate) fn run_with_timeout<T: Send + 'static>(
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
