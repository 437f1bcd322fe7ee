//! Work that is abandoned after a time limit.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Calls a function in a thread of its own. Returns `None` if it takes longer than `limit`; the thread ends with the process.
pub(crate) fn within_limit<T: Send + 'static>(
    limit: Duration,
    make: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().spawn(move || sender.send(make()));
    thread
        .ok()
        .and_then(|_| receiver.recv_timeout(limit).ok())?
}
