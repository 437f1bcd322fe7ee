//! Checks of services before they get their first port.

use port_registry::{Allocation, AllocationId, Claim, Filter};

use super::invocation::Invocation;
use super::refusal::refusal;
use crate::backend::Backend;
use crate::command_error::CommandError;
use crate::env_file::variables;
use crate::service_name::likely_meaning;
use crate::suggestion;

/// Refuses new services whose names are mistakes: a word that most likely means something else, and a service whose
/// variable would be that of another one, so that `env` would fail for all of them. Returns the other services of the
/// checkout, unless all have a port already.
pub(super) fn check(
    backend: &dyn Backend,
    invocation: &Invocation,
    claims: &[Claim],
) -> Result<Vec<Allocation>, CommandError> {
    let mut new = claims.iter();
    // The common case is a service that exists, which a single look-up finds.
    let first = loop {
        match new.next() {
            Some(claim) if !exists(backend, claim)? => break claim,
            Some(_) => {}
            None => return Ok(Vec::new()),
        }
    };
    let existing = siblings(backend, first)?;
    let services = claims.iter().map(|it| it.key().service());
    // `allocate --service` makes any name, as in the Go program.
    if invocation.command != "allocate" {
        let is_new = |service: &str| !existing.iter().any(|it| it.key.service() == service);
        let mut new = services.clone().filter(|it| is_new(it));
        if let Some((word, meaning)) = new.find_map(|it| Some((it, likely_meaning(it)?))) {
            let words: Vec<String> = services.map(str::to_owned).collect();
            return Err(refusal(invocation, word, &meaning, &words));
        }
    }
    match variables::first_clash(&existing, services) {
        Some((index, other)) => {
            let service = claims[index].key().service();
            Err(clash(invocation, claims, other, service))
        }
        None => Ok(existing),
    }
}

/// Undoes new allocations if another process has made a service with the same variable since they were checked. Of the
/// two, the one with the lower id stays, because its process may have looked before the other one was there.
pub(super) fn undo_clash(
    backend: &dyn Backend,
    invocation: &Invocation,
    claims: &[Claim],
    new: &[&Allocation],
) -> Result<(), CommandError> {
    let (Some(first), false) = (claims.first(), new.is_empty()) else {
        return Ok(());
    };
    let all = siblings(backend, first)?;
    let clashes = |it: &Allocation, other: &Allocation| {
        let (service, other_service) = (it.key.service(), other.key.service());
        other.id < it.id
            && service != other_service
            && variables::name_of(service) == variables::name_of(other_service)
    };
    for it in new {
        if let Some(other) = all.iter().find(|other| clashes(it, other)) {
            let ids: Vec<AllocationId> = new.iter().map(|it| it.id).collect();
            // If another process has released one of them, none is left to undo.
            let _ = backend.release_all(&ids)?;
            let (other, service) = (other.key.service(), it.key.service());
            return Err(clash(invocation, claims, other, service));
        }
    }
    Ok(())
}

/// The allocations of the app and the instance of a claim, without those of other checkouts.
fn siblings(backend: &dyn Backend, claim: &Claim) -> Result<Vec<Allocation>, CommandError> {
    let mut all = backend.list_instance_of(claim.key())?;
    let is_of_other = |it: &Allocation| {
        let root = claim.dir();
        root.is_some_and(|root| it.belongs_to_other_checkout(root))
    };
    all.retain(|it| !is_of_other(it));
    Ok(all)
}

fn exists(backend: &dyn Backend, claim: &Claim) -> Result<bool, CommandError> {
    let key = claim.key();
    let filter = Filter::new()
        .with_app(key.app())
        .with_instance(key.instance())
        .with_service(key.service());
    Ok(!backend.list(&filter)?.is_empty())
}

/// Reports a new service whose variable another one has.
fn clash(invocation: &Invocation, claims: &[Claim], other: &str, service: &str) -> CommandError {
    let mut meant: Vec<&str> = Vec::new();
    for claim in claims {
        let named = claim.key().service();
        let named = if named == service { other } else { named };
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
