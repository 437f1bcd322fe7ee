//! Reports of moves that failed.

use port_registry::{Allocation, Error, Port};

use super::port;
use crate::backend::{Backend, BackendError};
use crate::report::Report;

/// Reports the error of the move of an allocation. `adopt_at` makes the command line that moves the service to a port that
/// is in use.
pub(crate) fn report_move(
    backend: &dyn Backend,
    before: &Allocation,
    error: BackendError,
    adopt_at: impl FnOnce(Port) -> String,
) -> Report {
    match error {
        BackendError::Registry(Error::PortTaken { holder }) => port::taken(backend, *holder),
        BackendError::Registry(Error::PortInUse { port }) => {
            port::in_use(backend, port, before.dir.as_ref(), &adopt_at(port))
        }
        BackendError::Registry(Error::NotFound { .. }) => {
            Report::new("another process has moved or released the service meanwhile")
                .hint("`portctl list` shows the services of this checkout")
        }
        error => error.into(),
    }
}
