//! Checks of services before they get their first port.

use port_registry::{Allocation, Claim, Filter};

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
    let key = first.key();
    let filter = Filter::new()
        .with_app(key.app())
        .with_instance(key.instance());
    let existing = backend.list(&filter)?;
    let mut services: Vec<&str> = existing.iter().map(|it| it.key.service()).collect();
    for claim in claims {
        let service = claim.key().service();
        if services.contains(&service) {
            continue;
        }
        if likely_meaning(service).is_some() {
            return Err(refusal(invocation, service, &[]));
        }
        if let Some(other) = variables::clash(service, &services) {
            let meant = invocation.with(&[other]);
            return Err(CommandError::Usage(variables::shared(other, service).hint(
                format!("did you mean `{meant}`? Otherwise choose another name"),
            )));
        }
        services.push(service);
    }
    Ok(existing)
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
        "note: {service} is new here, and {name} has port {port}; if you meant {name}: `portctl release --id {}`",
        new.id
    ))
}
