//! Work with the registry on the runtime's blocking threads.

use std::sync::Arc;
use std::time::Duration;

use port_registry::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;
use tokio::time::timeout;

use crate::api_error::ApiError;

/// Runs `work` on a thread that may block.
pub(crate) async fn run<T: Send + 'static>(
    registry: Registry,
    work: impl FnOnce(&Registry) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let result = task::spawn_blocking(move || work(&registry)).await;
    result.unwrap_or_else(|error| {
        Err(if error.is_panic() {
            ApiError::internal()
        } else {
            ApiError::stopping()
        })
    })
}

/// Waits for one of a limited number of turns. A client that leaves meanwhile keeps its place until its
/// connection's time is up.
pub(crate) async fn take_turn(
    turns: &Arc<Semaphore>,
    max_wait: Duration,
) -> Result<OwnedSemaphorePermit, ApiError> {
    let turn = timeout(max_wait, turns.clone().acquire_owned()).await;
    let turn = turn.map_err(|_| ApiError::no_turn())?;
    turn.map_err(|_| ApiError::stopping())
}
