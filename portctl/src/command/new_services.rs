//! Checks of services before they get their first port.

use port_registry::{Allocation, AllocationId, variable_name};

use super::invocation::Invocation;
use super::refusal::refusal;
use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::env_file::variables;
use crate::service_name::likely_meaning;
use crate::suggestion;

/// Refuses new services whose names are mistakes: a word that most likely means something else, and a service whose
/// variable would be that of another one, so that `env` would fail for all of them. Returns the other services of the
/// checkout.
pub(super) fn check(
    here: &Here,
    invocation: &Invocation,
    services: &[&str],
) -> Result<Vec<Allocation>, CommandError> {
    let existing = here.current()?;
    // `allocate --service` makes any name, as in the Go program.
    if invocation.command != "allocate" {
        let is_new = |service: &str| !existing.iter().any(|it| it.key.service() == service);
        let mut new = services.iter().filter(|it| is_new(it));
        if let Some((word, meaning)) = new.find_map(|it| Some((it, likely_meaning(it)?))) {
            let words: Vec<String> = services.iter().map(ToString::to_string).collect();
            return Err(refusal(invocation, word, &meaning, &words));
        }
    }
    match variables::first_clash(&existing, services.iter().copied()) {
        Some((index, other)) => Err(clash(invocation, services, other, services[index])),
        None => Ok(existing),
    }
}

/// Undoes new allocations if another process has made a service with the same variable since they were checked. Of the
/// two, the one with the lower id stays, because its process may have looked before the other one was there.
pub(super) fn undo_clash(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    services: &[&str],
    new: &[&Allocation],
) -> Result<(), CommandError> {
    if new.is_empty() {
        return Ok(());
    }
    let all = here.read_again()?;
    let clashes = |it: &Allocation, other: &Allocation| {
        let (service, other_service) = (it.key.service(), other.key.service());
        other.id < it.id
            && service != other_service
            && variable_name(service) == variable_name(other_service)
    };
    for it in new {
        if let Some(other) = all.iter().find(|other| clashes(it, other)) {
            let ids: Vec<AllocationId> = new.iter().map(|it| it.id).collect();
            // If another process has released one of them, none is left to undo.
            let _ = backend.release_all(&ids)?;
            let (other, service) = (other.key.service(), it.key.service());
            return Err(clash(invocation, services, other, service));
        }
    }
    Ok(())
}

/// Reports a new service whose variable another one has.
fn clash(invocation: &Invocation, services: &[&str], other: &str, service: &str) -> CommandError {
    let mut meant: Vec<&str> = Vec::new();
    for named in services {
        let named = if *named == service { other } else { named };
        if !meant.contains(&named) {
            meant.push(named);
        }
    }
    // `allocate` would refuse a service that has a port.
    let line = match invocation.command {
        "allocate" => invocation.of("get").with(&meant),
        _ => invocation.with(&meant),
    };
    let report = variables::shared(other, service);
    let letters = |name: &str| -> String {
        let letters = name.chars().filter(|it| it.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    CommandError::Usage(report.hint(if letters(other) == letters(service) {
        format!("did you mean `{line}`? Otherwise choose another name")
    } else {
        "choose a name that differs in a letter from A to Z or a digit".to_owned()
    }))
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
        "{service} is a new service, and {name} has port {port}; if you meant {name}, `portctl release --id {}` undoes it",
        new.id
    ))
}
