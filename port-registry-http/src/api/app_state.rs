//! The state that all request handlers share.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use port_registry::Registry;
use port_registry::daemon::AllowedUsers;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api_error::ApiError;
use crate::host_names::HostNames;
use crate::limits;
use crate::workers::blocking;
use crate::workers::store_health::StoreHealth;
use crate::workers::writer::Writer;

/// The registry, the workers that use it, and the limits that requests share.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) registry: Registry,
    pub(crate) writer: Writer,
    pub(crate) health: Arc<StoreHealth>,
    /// The port on which the daemon itself listens.
    pub(crate) port: u16,
    /// The host names under which it answers.
    pub(crate) hosts: HostNames,
    /// The users that it serves.
    pub(crate) users: AllowedUsers,
    /// A permit for each list that may be made at a time.
    pub(crate) lists: Arc<Semaphore>,
    /// A permit for each batch that may be carried out at a time.
    pub(crate) batches: Arc<Semaphore>,
    /// A permit for each health check that may be made at a time.
    pub(crate) health_checks: Arc<Semaphore>,
    /// A permit for each byte of large batches and their decoded requests that may be in memory.
    pub(crate) batch_bytes: Arc<Semaphore>,
    /// A permit for each byte of large responses that may be in memory.
    pub(crate) response_bytes: Arc<Semaphore>,
}

impl AppState {
    /// Starts the writer thread. Join it before the process ends.
    pub(crate) fn start(
        registry: Registry,
        port: u16,
        hosts: HostNames,
        users: AllowedUsers,
    ) -> io::Result<(AppState, JoinHandle<()>)> {
        let health = Arc::new(StoreHealth::default());
        let (writer, thread) = Writer::start(registry.clone(), health.clone())?;
        let state = AppState {
            registry,
            writer,
            health,
            port,
            hosts,
            users,
            lists: Arc::new(Semaphore::new(limits::LISTS)),
            batches: Arc::new(Semaphore::new(limits::BATCHES)),
            health_checks: Arc::new(Semaphore::new(limits::HEALTH_CHECKS)),
            batch_bytes: Arc::new(Semaphore::new(limits::LARGE_BATCHES)),
            response_bytes: Arc::new(Semaphore::new(limits::LARGE_RESPONSES)),
        };
        Ok((state, thread))
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
        let health = self.health.clone();
        let noted = move |registry: &Registry| {
            let done = work(registry).map_err(E::into);
            health.note_read(registry, done.as_ref().err());
            done
        };
        blocking::run(self.registry.clone(), noted).await
    }

    /// Waits for one of a limited number of turns, at most for the registry's deadline.
    pub(crate) async fn take_turn(
        &self,
        turns: &Arc<Semaphore>,
    ) -> Result<OwnedSemaphorePermit, ApiError> {
        blocking::take_turn(turns, self.registry.wait()).await
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

#[cfg(test)]
pub(crate) mod tests {
    use std::future::Future;
    use std::sync::Arc;
    use std::time::Duration;

    use port_registry::daemon::AllowedUsers;
    use port_registry::{Error, Registry, Verdict};
    use tempfile::TempDir;
    use tokio::runtime;
    use tokio::sync::Semaphore;

    use super::AppState;
    use crate::host_names::HostNames;

    /// Starts the state of a daemon with an empty store. Returns the folder of the store too.
    pub(crate) fn state(wait: Duration) -> (AppState, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::builder()
            .with_path(folder.path().join("ports.redb"))
            .with_probe(|_| Ok(Verdict::Free))
            .with_wait(wait)
            .open()
            .unwrap();
        let users = AllowedUsers::default();
        let (state, _) = AppState::start(registry, 0, HostNames::Loopback, users).unwrap();
        (state, folder)
    }

    pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn panic_of_a_handler_is_an_internal_error() {
        let (state, _folder) = state(Duration::ZERO);
        let failed = block_on(state.blocking(|_| -> Result<(), Error> { panic!("on purpose") }));
        let text = String::from_utf8(failed.unwrap_err().to_json()).unwrap();
        assert!(text.contains(r#""code":"failed""#), "{text}");
    }

    #[test]
    fn turn_that_comes_too_late_is_reported_as_overloaded_not_busy() {
        let (state, _folder) = state(Duration::ZERO);
        let turns = Arc::new(Semaphore::new(1));
        let (first, second) = block_on(async {
            let first = state.take_turn(&turns).await;
            (first, state.take_turn(&turns).await)
        });
        assert!(first.is_ok());
        let text = String::from_utf8(second.unwrap_err().to_json()).unwrap();
        assert!(text.contains(r#""code":"overloaded""#), "{text}");
    }
}
