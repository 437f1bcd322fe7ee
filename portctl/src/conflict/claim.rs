//! Reports of claims that failed.

use std::path::Path;

use port_registry::{Allocation, Claim, Error};

use super::hint::{adopt_command, command_for, move_command_to, release_command};
use super::holder::{report_holder, report_port_of};
use super::port;
use crate::backend::{Backend, BackendError, BatchOutcome, ItemError};
use crate::output::wording;
use crate::report::Report;
use crate::whose::Whose;

/// Returns the first allocation that a batch of claims made. Reports the first error.
pub(crate) fn first_allocated(
    backend: &dyn Backend,
    claims: &[Claim],
    outcome: BatchOutcome<Allocation>,
) -> Result<Allocation, Report> {
    match outcome {
        Ok(allocated) => {
            let first = allocated.into_iter().next();
            first.ok_or_else(|| Error::NotApplied.into())
        }
        Err(errors) => Err(report_first(backend, claims, errors)),
    }
}

/// Reports the first error of a batch of claims.
pub(crate) fn report_first(
    backend: &dyn Backend,
    claims: &[Claim],
    errors: Vec<ItemError>,
) -> Report {
    match errors.into_iter().next() {
        Some(ItemError { index, error }) => report(backend, &claims[index], error),
        None => Error::NotApplied.into(),
    }
}

/// Reports the error of a claim. The report of a conflict names the process that listens on the port.
fn report(backend: &dyn Backend, claim: &Claim, error: BackendError) -> Report {
    let BackendError::Registry(error) = error else {
        return error.into();
    };
    match error {
        Error::PortTaken { holder } => port::taken(backend, *holder),
        Error::ServiceTaken { holder } => {
            let (problem, hint) = service_taken(backend, &holder, claim);
            report_port_of(backend, &problem, *holder).hint(hint)
        }
        Error::OtherCheckout { holder, wanted } => other_checkout(backend, *holder, &wanted),
        Error::PortInUse { port } => {
            port::in_use(backend, port, claim.dir(), &adopt_command(claim, port))
        }
        error => error.into(),
    }
}

/// Reports that a service's port belongs to another checkout than `wanted`.
fn other_checkout(backend: &dyn Backend, holder: Allocation, wanted: &Path) -> Report {
    let dir = wording::checkout(&holder);
    let problem = format!(
        "{} belongs to the checkout {dir}, not to {}: it has port {} (id {})",
        holder.key,
        wanted.display(),
        holder.port,
        holder.id
    );
    let hint = format!(
        "pass an --instance of its own, as in `portctl get --instance NAME{}`",
        wording::service(holder.key.service())
    );
    report_holder(backend, &problem, holder).hint(hint)
}

/// Describes the conflict of a service that has a port already, and the next step.
fn service_taken(backend: &dyn Backend, holder: &Allocation, claim: &Claim) -> (String, String) {
    let problem = format!(
        "{} already has port {} {}",
        holder.key,
        holder.port,
        wording::id_and_checkout(holder)
    );
    let get = format!(
        "`{}{}` prints the port that it has",
        command_for(claim, "get"),
        wording::service(holder.key.service())
    );
    let wanted = claim.port();
    let Some(port) = wanted.filter(|port| *port != holder.port) else {
        return (problem, get);
    };
    // Never advise releasing the service's port unless it can get the wanted one, because the service would be left
    // without any.
    let (own, kept) = (holder.id, holder.port);
    let (other, in_use) = match backend.check(port) {
        Ok(status) => (status.holder, status.in_use),
        Err(_) => (None, None),
    };
    let hint = match (other, in_use) {
        (Some(other), _) if other.checkout_is_gone() => format!(
            "the checkout of port {port} is gone: `portctl release --id {} && portctl release --id {own}` \
             releases that port and the service's own",
            other.id
        ),
        (Some(other), _) => {
            let other = wording::holder(&other);
            format!("port {port} is allocated to {other}, so keep port {kept}: {get}")
        }
        (None, Some(in_use)) => {
            let owner = Whose::of(&in_use, claim.dir().map(|dir| &**dir));
            if matches!(owner, Whose::Ours | Whose::Unknown(_)) {
                let line = match move_command_to(claim, holder, port) {
                    Some(line) => format!("{line} --adopt"),
                    None => format!(
                        "portctl release --id {own} && {}",
                        adopt_command(claim, port)
                    ),
                };
                format!(
                    "port {port} is {in_use}{owner}: if the service itself listens there, `{line}` registers it; \
                     otherwise keep port {kept}"
                )
            } else {
                format!("port {port} is {in_use}{owner}, so keep port {kept}: {get}")
            }
        }
        (None, None) => {
            if let Some(line) = move_command_to(claim, holder, port) {
                format!("`{line}` gives it port {port} instead")
            } else {
                let release = release_command(holder);
                format!("{release} releases it, so that the service can get port {port}")
            }
        }
    };
    (problem, hint)
}
