//! Releasing allocations that are chosen by looking at them.

use port_registry::{Allocation, AllocationId, Error, Filter};

use crate::backend::{Backend, Fault};
use crate::failure::{Failure, Report};
use crate::visible::visible;

/// Frees the ports of those that match and are chosen, all of them or none, and tells which they were.
pub(crate) fn release(
    backend: &dyn Backend,
    filter: &Filter,
    choose: impl Fn(&[Allocation]) -> Vec<Allocation>,
) -> Result<Vec<Allocation>, Failure> {
    /// How often others may be quicker.
    const ROUNDS: usize = 100;
    for _ in 0..ROUNDS {
        let chosen = choose(&backend.list(filter)?);
        if chosen.is_empty() {
            return Ok(chosen);
        }
        let ids: Vec<AllocationId> = chosen.iter().map(|it| it.id).collect();
        match backend.release_all(&ids) {
            Ok(()) => return Ok(chosen),
            // Somebody has released one of them just now.
            Err(Fault::Registry(Error::NotFound { .. })) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(Report::gave_up(ROUNDS).into())
}

/// What was released, a line each.
pub(crate) fn told(released: &[Allocation]) -> String {
    let lines: Vec<String> = released
        .iter()
        .map(|it| {
            let key = it.key.to_string();
            format!("released port {} of {}", it.port, visible(&key))
        })
        .collect();
    lines.join("\n")
}
