//! The state that all request handlers share.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use port_registry::Registry;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task;
use tokio::time::timeout;

use crate::api_error::ApiError;
use crate::delivery::Delivery;
use crate::health::Health;
use crate::limits;
use crate::lister::Lister;
use crate::reader::Reader;
use crate::writer::Writer;

/// The registry, the ways to it, and the limits that requests share.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) registry: Registry,
    pub(crate) reader: Reader,
    pub(crate) lister: Lister,
    pub(crate) writer: Writer,
    pub(crate) health: Arc<Health>,
    /// The port on which the daemon itself listens.
    pub(crate) port: u16,
    /// A permit for each batch that may be carried out.
    pub(crate) batches: Arc<Semaphore>,
    /// A permit for each byte of large batches and their answers that may be on its way.
    pub(crate) batch_bytes: Arc<Semaphore>,
    /// A permit for each byte of large answers that may be on its way.
    pub(crate) answer_bytes: Arc<Semaphore>,
}

impl AppState {
    /// Starts the threads that read and write; gives those that have to end before the process does.
    /// Their answers are delivered on this thread.
    pub(crate) fn start(
        registry: Registry,
        port: u16,
    ) -> io::Result<(AppState, Vec<JoinHandle<()>>)> {
        let health = Arc::new(Health::default());
        let delivery = Delivery::start();
        let (writer, writing) = Writer::start(registry.clone(), health.clone(), delivery.clone())?;
        let (reader, reading) = Reader::start(registry.clone(), delivery.clone())?;
        let (lister, listing) = Lister::start(registry.clone(), delivery)?;
        let state = AppState {
            registry,
            reader,
            lister,
            writer,
            health,
            port,
            batches: Arc::new(Semaphore::new(limits::BATCHES)),
            batch_bytes: Arc::new(Semaphore::new(limits::LARGE_BATCHES)),
            answer_bytes: Arc::new(Semaphore::new(limits::LARGE_ANSWERS)),
        };
        Ok((state, vec![writing, reading, listing]))
    }

    /// Works with the registry on a thread that may block.
    pub(crate) async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&Registry) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let registry = self.registry.clone();
        let result = task::spawn_blocking(move || work(&registry)).await;
        let result = result.map_err(|_| ApiError::stopping())?;
        result.map_err(E::into)
    }

    /// Waits for one of a limited number of turns, no longer than the registry's deadline.
    pub(crate) async fn turn<'a>(
        &self,
        turns: &'a Semaphore,
    ) -> Result<SemaphorePermit<'a>, ApiError> {
        let turn = timeout(self.registry.wait(), turns.acquire()).await;
        let turn = turn.map_err(|_| ApiError::busy())?;
        turn.map_err(|_| ApiError::stopping())
    }

    /// Adds the holder and the listener of the port that a request did not get.
    pub(crate) async fn with_listener(&self, error: ApiError) -> ApiError {
        if !error.is_about_port() {
            return error;
        }
        let found = error.clone();
        let found = self.blocking(move |registry| Ok::<_, ApiError>(found.with_listener(registry)));
        found.await.unwrap_or(error)
    }
}
