//! The registration of ports.

use std::path::Path;

use port_registry::{Claim, Error, ListenerPolicy};

use super::conflict::RegistrationConflict;
use crate::backend::{Backend, BackendError, ItemError, submit};
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::env_file::variables;
use crate::report::Report;
use crate::scan::FixedPort;

/// Allocates the ports that were found, except guesses: all of them or none. Returns the number of new ones. `path` is
/// the folder or file to scan, if it was typed.
pub(crate) fn register(
    backend: &dyn Backend,
    names: &CheckoutNames,
    path: Option<&Path>,
    fixed_ports: &[FixedPort],
) -> Result<usize, CommandError> {
    let certain = fixed_ports.iter().filter(|fixed_port| !fixed_port.guess);
    let certain: Vec<&FixedPort> = certain.collect();
    let claims = certain.iter().map(|fixed_port| claim(names, fixed_port));
    let claims: Vec<Claim> = claims.collect::<Result<_, _>>()?;
    refuse_shared_variables(backend, &certain, &claims)?;
    let own = names.own();
    let registered = submit(
        &claims,
        |batch| backend.get_or_allocate(batch),
        // This checkout has the port already, for a service of another name.
        |it| match &it.error {
            BackendError::Registry(Error::PortTaken { holder }) => own.has(holder),
            _ => false,
        },
    )?;
    let mut errors = match registered {
        Ok(claimed) => return Ok(claimed.iter().filter(|(_, it)| it.is_new).count()),
        Err(errors) => errors,
    };
    // The hint for these is an instance of its own, and with that the other conflicts disappear.
    if errors.iter().any(is_other_checkout) {
        errors.retain(is_other_checkout);
    }
    let mut conflicts = Vec::with_capacity(errors.len());
    for ItemError { index, error } in errors {
        let BackendError::Registry(error) = error else {
            return Err(error.into());
        };
        let conflict = RegistrationConflict {
            backend,
            own: &own,
            path,
            claim: &claims[index],
            fixed_port: certain[index],
        };
        conflicts.push(conflict.report(error)?);
    }
    Err(refusal(conflicts, claims.len()).into())
}

/// Refuses a new service whose variable would be that of another one.
fn refuse_shared_variables(
    backend: &dyn Backend,
    fixed_ports: &[&FixedPort],
    claims: &[Claim],
) -> Result<(), CommandError> {
    let Some(first) = claims.first() else {
        return Ok(());
    };
    let existing = backend.list_instance_of(first.key())?;
    let services = claims.iter().map(|claim| claim.key().service());
    match variables::first_clash(&existing, services) {
        Some((index, other)) => {
            let FixedPort { file, line, .. } = fixed_ports[index];
            Err(variables::shared(other, claims[index].key().service())
                .prefixed(&format!("nothing was registered: {file}:{line}"))
                .hint("rename one of the two")
                .into())
        }
        None => Ok(()),
    }
}

fn is_other_checkout(it: &ItemError) -> bool {
    matches!(
        it.error,
        BackendError::Registry(Error::OtherCheckout { .. })
    )
}

fn claim(names: &CheckoutNames, fixed_port: &FixedPort) -> Result<Claim, CommandError> {
    let claim = names
        .claim(&fixed_port.service)
        .map_err(|error| match error {
            // The name is from a file, so it is not a usage error.
            CommandError::Usage(report) => {
                let FixedPort { file, line, .. } = fixed_port;
                let problem = report.error;
                Report::new(format!(
                    "{file}:{line}: {problem}, so nothing was registered"
                ))
                .hint("rename the service there, or scan the other files one by one")
                .into()
            }
            error => error,
        })?;
    Ok(claim
        .with_port(fixed_port.port)
        .with_listener_policy(ListenerPolicy::Adopt))
}

/// Reports all conflicts.
fn refusal(mut conflicts: Vec<Report>, claims: usize) -> Report {
    let count = conflicts.len();
    if count == 1 {
        return conflicts.remove(0).prefixed("nothing was registered");
    }
    let report = Report::new(format!(
        "{count} of {claims} ports cannot be registered, so none was registered"
    ));
    report.conflicts(conflicts)
}
