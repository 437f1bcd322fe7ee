//! Checks of services before they get their first port.

use port_registry::{Allocation, AllocationId, variable_name};

use super::super::invocation::Invocation;
use super::refusal::refusal;
use crate::backend::Backend;
use crate::checkout::Here;
use crate::command_error::CommandError;
use crate::declared::Declarations;
use crate::env_file::variables::{self, VariableClash, give_up_hint};
use crate::service_name::likely_meaning;
use crate::suggestion;

/// Refuses new services whose names are mistakes: words that most likely mean something else, and names whose variable
/// another service has, because `env` would fail for all services. Returns the other services of the checkout.
pub(in crate::command) fn check(
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
    let names = here.variable_names(existing.iter().map(|it| it.key.service()))?;
    match variables::first_clash(&existing, &names, services.iter().copied()) {
        Some(found) => {
            let service = services[found.index];
            Err(clash(invocation, names.declared, services, &found, service))
        }
        None => Ok(existing),
    }
}

/// Undoes new allocations if another process has made a service with the same variable since they were checked. Of the
/// two, the one with the lower id stays, because its process may have looked before the other one was there.
pub(in crate::command) fn undo_clash(
    backend: &dyn Backend,
    here: &Here,
    invocation: &Invocation,
    services: &[&str],
    new: &[&Allocation],
) -> Result<(), CommandError> {
    if new.is_empty() {
        return Ok(());
    }
    // The services have their ports even if this check of what others did meanwhile fails.
    let Ok(mut others) = here.read_again() else {
        return Ok(());
    };
    // The new ones were compared with each other before they were allocated.
    others.retain(|other| new.iter().all(|it| it.id != other.id));
    let names = here.variable_names(others.iter().map(|it| it.key.service()))?;
    for (index, it) in new.iter().enumerate() {
        let service = it.key.service();
        let own = names.of(service);
        let found = others.iter().find_map(|other| {
            let other_service = other.key.service();
            let is_earlier = other.id < it.id && service != other_service;
            let mut others = names.of(other_service).into_iter();
            let variable = others.find(|name| is_earlier && own.contains(name))?;
            let other = other_service.to_owned();
            Some(VariableClash {
                index,
                other,
                variable,
            })
        });
        if let Some(found) = found {
            let ids: Vec<AllocationId> = new.iter().map(|it| it.id).collect();
            // If another process has released one of them, none is left to undo.
            let _ = backend.release_all(&ids)?;
            return Err(clash(invocation, names.declared, services, &found, service));
        }
    }
    Ok(())
}

/// Reports a new service whose variable another one has.
fn clash(
    invocation: &Invocation,
    declared: Option<&Declarations>,
    services: &[&str],
    found: &VariableClash,
    service: &str,
) -> CommandError {
    let other = &*found.other;
    let is_declared = |name: &str| declared.is_some_and(|it| it.service(name).is_some());
    if is_declared(service) && !is_declared(other) {
        let release = invocation.of("release").with(&[other]);
        let hint = give_up_hint(other, &release);
        return found.report(service).hint(hint).into();
    }
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
    let report = found.report(service);
    let letters = |name: &str| -> String {
        let letters = name.chars().filter(|it| it.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let is_usual = |name: &str| variable_name(name) == found.variable;
    if !is_usual(service) || !is_usual(other) {
        let hint = "choose another name, or another variable in portctl.toml, as in `web = { env = \"WEB_PORT\" }`";
        return CommandError::Usage(report.hint(hint));
    }
    CommandError::Usage(report.hint(if letters(other) == letters(service) {
        format!("did you mean `{line}`? Otherwise choose another name")
    } else {
        "choose a name that differs in a letter from A to Z or a digit".to_owned()
    }))
}

/// Notes that a new service is not declared, or has nearly the name of another one, whose name may have been meant.
pub(in crate::command) fn note_of_name(
    existing: &[Allocation],
    declared: Option<&Declarations>,
    new: &Allocation,
) -> Option<String> {
    let service = new.key.service();
    if declared.is_some_and(|it| it.service(service).is_some()) {
        return None;
    }
    similar_name(existing, declared, new).or_else(|| {
        let has_services = declared.is_some_and(|it| !it.services.is_empty());
        has_services.then(|| format!("{service} is not declared in portctl.toml"))
    })
}

/// Returns `None` if no name is that similar.
fn similar_name(
    existing: &[Allocation],
    declared: Option<&Declarations>,
    new: &Allocation,
) -> Option<String> {
    let service = new.key.service();
    let is_slip = |name: &str| suggestion::is_slip(service, name);
    let allocated = existing.iter().find(|it| is_slip(it.key.service()));
    let (name, other) = if let Some(other) = allocated {
        (other.key.service(), format!("has port {}", other.port))
    } else {
        let mut names = declared?.services.iter().map(|it| &*it.name);
        (
            names.find(|it| is_slip(it))?,
            "is in portctl.toml".to_owned(),
        )
    };
    Some(format!(
        "{service} is a new service, and {name} {other}; if you meant {name}, `portctl release --id {}` undoes it",
        new.id
    ))
}
