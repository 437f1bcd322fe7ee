//! The state that all request handlers share.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use port_registry::{Error, Registry};
use tokio::sync::Semaphore;
use tokio::task;

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

    /// Reads from the registry, on a thread where that may block.
    pub(crate) async fn blocking_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Registry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.blocking(|registry| read(registry).map_err(ApiError::from))
            .await
    }

    /// Does something with the registry that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Registry) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let registry = self.registry.clone();
        let result = task::spawn_blocking(move || work(&registry)).await;
        result.unwrap_or_else(|_| Err(ApiError::stopping()))
    }

    /// Names who has the port that was not to be had. Nobody waits for the writer meanwhile.
    pub(crate) async fn with_listener(&self, error: ApiError) -> ApiError {
        let Some(port) = error.contested else {
            return error;
        };
        match self
            .blocking_read(move |registry| registry.check(port))
            .await
        {
            Ok(status) => error.with(status),
            // The conflict is told all the same.
            Err(_) => error,
        }
    }
}
