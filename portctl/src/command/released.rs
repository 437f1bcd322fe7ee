//! Releases allocations that were chosen from a list.

use port_registry::{Allocation, AllocationId, Error};

use crate::backend::submit;
use crate::backend::{Backend, Fault};
use crate::failure::Failure;
use crate::output::visible;

/// Frees the ports of these allocations, all of them or none, and returns them. Those that somebody else has
/// released since they were listed are left out.
pub(crate) fn release(
    backend: &dyn Backend,
    chosen: &[Allocation],
) -> Result<Vec<Allocation>, Failure> {
    let send = |batch: &[&Allocation]| {
        let ids: Vec<AllocationId> = batch.iter().map(|it| it.id).collect();
        backend.release_all(&ids)
    };
    let released = submit(chosen, send, |it| {
        matches!(it.fault, Fault::Registry(Error::NotFound { .. }))
    })?;
    match released {
        Ok(released) => {
            let released = released.into_iter();
            Ok(released.map(|(index, ())| chosen[index].clone()).collect())
        }
        Err(faults) => Err(match faults.into_iter().next() {
            Some(it) => it.fault.into(),
            None => Error::NotApplied.into(),
        }),
    }
}

/// Describes released allocations, one a line.
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
