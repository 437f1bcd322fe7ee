//! The way of answers from other threads back to those who wait for them.
//!
//! To wake a task of another thread takes a system call. So a thread hands over all the answers that it
//! has at a moment, which takes one, and the server's own thread wakes those who wait.

use tokio::sync::mpsc;
use tokio::task::spawn_local;

use crate::api_error::ApiError;
use crate::queue::Asker;

/// The way to the server's thread.
#[derive(Clone)]
pub(crate) struct Delivery {
    parcels: mpsc::UnboundedSender<Vec<Parcel>>,
}

/// An answer, and who waits for it.
pub(crate) struct Parcel(Box<dyn FnOnce() + Send>);

impl Parcel {
    /// A client that is gone does not want it.
    pub(crate) fn new<T: Send + 'static>(asker: Asker<T>, answer: Result<T, ApiError>) -> Parcel {
        Parcel(Box::new(move || drop(asker.send(answer))))
    }
}

impl Delivery {
    /// Delivers on this thread, as long as its [`LocalSet`](tokio::task::LocalSet) runs.
    pub(crate) fn start() -> Delivery {
        let (parcels, mut arriving) = mpsc::unbounded_channel::<Vec<Parcel>>();
        spawn_local(async move {
            while let Some(parcels) = arriving.recv().await {
                for Parcel(deliver) in parcels {
                    deliver();
                }
            }
        });
        Delivery { parcels }
    }

    pub(crate) fn send(&self, parcels: Vec<Parcel>) {
        if parcels.is_empty() {
            return;
        }
        // Once nobody delivers, nobody waits.
        let _ = self.parcels.send(parcels);
    }
}
