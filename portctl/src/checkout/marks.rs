//! Claims of a checkout whose labels are those of another one.

use port_registry::{Checkout, Error};

use crate::backend::{BackendError, BatchOutcome};
use crate::command_error::CommandError;

/// Sends claims whose marks have a certain length. If the marks are those of another checkout, sends them with longer ones.
pub(crate) fn with_marks<C, T>(
    claims: impl Fn(usize) -> Result<Vec<C>, CommandError>,
    send: impl Fn(&[C]) -> Result<BatchOutcome<T>, BackendError>,
) -> Result<(Vec<C>, BatchOutcome<T>), CommandError> {
    let mut lengths = Checkout::MARK_LENGTHS.into_iter().peekable();
    loop {
        let claims = claims(lengths.next().unwrap_or_default())?;
        let outcome = send(&claims)?;
        let is_others = outcome.as_ref().is_err_and(|errors| {
            let mut errors = errors.iter().map(|it| &it.error);
            errors.any(|it| matches!(it, BackendError::Registry(Error::OtherCheckout { .. })))
        });
        if !is_others || lengths.peek().is_none() {
            return Ok((claims, outcome));
        }
    }
}
