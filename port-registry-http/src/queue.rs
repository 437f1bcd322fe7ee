//! The way to a thread that does what may block, one thing after the other.

use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, io};

use tokio::sync::oneshot;

use crate::api_error::ApiError;

/// How long a thread stays awake. It is about what a client takes from an answer to its next request: who
/// has asked once does so again, as a rule, and to wake a thread takes longer than to answer.
const WAKEFUL: Duration = Duration::from_micros(120);

/// The way to the thread, which ends when the last of these is gone.
pub(crate) struct Queue<J>(Sender<J>);

/// What the thread has to do.
pub(crate) struct Jobs<J>(Receiver<J>);

/// Who waits for an answer.
pub(crate) type Asker<T> = oneshot::Sender<Result<T, ApiError>>;

impl<J: Send + 'static> Queue<J> {
    pub(crate) fn start(
        name: &str,
        work: impl FnOnce(Jobs<J>) + Send + 'static,
    ) -> io::Result<(Queue<J>, JoinHandle<()>)> {
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || work(Jobs(jobs)))?;
        Ok((Queue(queue), thread))
    }

    /// Has something done, and waits for what comes of it.
    pub(crate) async fn ask<T>(&self, job: impl FnOnce(Asker<T>) -> J) -> Result<T, ApiError> {
        let (asker, answer) = oneshot::channel();
        let sent = self.0.send(job(asker));
        sent.map_err(|_| ApiError::stopping())?;
        answer.await.unwrap_or_else(|_| Err(ApiError::stopping()))
    }
}

impl<J> Clone for Queue<J> {
    fn clone(&self) -> Queue<J> {
        Queue(self.0.clone())
    }
}

impl<J> fmt::Debug for Queue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl<J> Jobs<J> {
    /// Waits for the next; `None` once nobody is left to ask for anything. While it stays awake, other
    /// threads go first.
    pub(crate) fn next(&self) -> Option<J> {
        let start = Instant::now();
        while start.elapsed() < WAKEFUL {
            match self.0.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        self.0.recv().ok()
    }

    /// What has queued up.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = J> {
        self.0.try_iter()
    }
}
