//! The preferred port of a service that got another one.

use port_registry::daemon::api::Granted;
use port_registry::{Allocation, Port};

use crate::api::app_state::AppState;

/// Adds the status of the preferred port to the allocation that a request decided on. The answer lacks the status if it
/// cannot be found, because the service has a port all the same.
pub(super) async fn with_status(
    state: &AppState,
    allocation: Allocation,
    preferred: Option<Port>,
) -> Granted {
    let preferred = match preferred.filter(|port| *port != allocation.port) {
        Some(port) => {
            let status = state.blocking(move |registry| registry.check(port));
            status.await.ok()
        }
        None => None,
    };
    Granted {
        allocation,
        preferred,
    }
}
