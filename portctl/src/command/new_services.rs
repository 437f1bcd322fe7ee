//! Checks of services before they get their first port.

use port_registry::{Allocation, Claim};

use super::invocation::Invocation;
use super::refusal::refusal;
use crate::backend::Backend;
use crate::command_error::CommandError;
use crate::env_file::variables;
use crate::service_name::likely_meaning;
use crate::suggestion;

/// Refuses new services whose names are mistakes: a word that most likely means something else, and a service whose
/// variable would be that of another one, so that `env` would fail for all of them.
///
/// A process may add the other service after this check. Then `env` reports both.
pub(super) fn check(
    backend: &dyn Backend,
    invocation: &Invocation,
    claims: &[Claim],
) -> Result<Vec<Allocation>, CommandError> {
    let Some(first) = claims.first() else {
        return Ok(Vec::new());
    };
    // All claims of a command have the same app and instance.
    let existing = backend.list_instance_of(first.key())?;
    let is_new = |service: &str| !existing.iter().any(|it| it.key.service() == service);
    let services = claims.iter().map(|it| it.key().service());
    let new: Vec<&str> = services.filter(|it| is_new(it)).collect();
    if let Some(word) = new.iter().find(|it| likely_meaning(it).is_some()) {
        return Err(refusal(invocation, word, &[]));
    }
    match variables::first_clash(&existing, new.iter().copied()) {
        Some((index, other)) => {
            let meant = invocation.with(&[other]);
            let report = variables::shared(other, new[index]);
            Err(CommandError::Usage(report.hint(format!(
                "did you mean `{meant}`? Otherwise choose another name"
            ))))
        }
        None => Ok(existing),
    }
}

/// Notes that a new service has nearly the name of another one, whose name may have been meant. Returns `None` if no
/// name is that similar.
pub(super) fn similar_name(existing: &[Allocation], new: &Allocation) -> Option<String> {
    let service = new.key.service();
    let other = existing
        .iter()
        .find(|it| suggestion::is_slip(service, it.key.service()))?;
    let (name, port) = (other.key.service(), other.port);
    Some(format!(
        "{service} is new here, and {name} has port {port}; if you meant {name}: `portctl release --id {}`",
        new.id
    ))
}
