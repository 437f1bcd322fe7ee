//! Waiting without falling asleep at once.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread stays awake. It is about what a client takes from an answer to its next request: who
/// has asked once does so again, as a rule, and to wake a thread takes longer than to answer.
const WAKEFUL: Duration = Duration::from_micros(120);

/// Waits for what is sent; `None` once nobody is left to send anything. Other threads go first.
pub(crate) fn receive<T>(queue: &Receiver<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < WAKEFUL {
        match queue.try_recv() {
            Ok(item) => return Some(item),
            Err(TryRecvError::Empty) => thread::yield_now(),
            Err(TryRecvError::Disconnected) => return None,
        }
    }
    queue.recv().ok()
}
