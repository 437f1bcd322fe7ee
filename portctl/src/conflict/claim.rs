//! Reports of claims that failed.

use std::path::Path;

use port_registry::{Allocation, Claim, Error};

use super::hint::{adopt_command, command_for, release_command, release_hint_if_gone};
use super::holder::report_holder;
use crate::backend::{Backend, BackendError, BatchOutcome, ItemError};
use crate::output::wording;
use crate::report::Report;

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
        Error::PortTaken { holder } => {
            let problem = format!(
                "port {} is already allocated to {}",
                holder.port,
                wording::holder(&holder)
            );
            let hint = release_hint_if_gone(&holder).unwrap_or_else(|| {
                let release = release_command(&holder);
                format!(
                    "leave --port out to get an available port, or run {release} if nothing needs this one"
                )
            });
            report_holder(backend, &problem, *holder).hint(hint)
        }
        Error::ServiceTaken { holder } => {
            let (problem, hint) = service_taken(backend, &holder, claim);
            report_holder(backend, &problem, *holder).hint(hint)
        }
        Error::OtherCheckout { holder, wanted } => other_checkout(backend, *holder, &wanted),
        Error::PortInUse { port } => {
            let listener = backend.check(port).ok().and_then(|status| status.listener);
            let by = listener
                .as_ref()
                .map_or_else(String::new, wording::by_listener);
            let report = Report::new(format!(
                "port {port} is in use on this system{by}, and not allocated"
            ));
            let adopt = adopt_command(claim, port);
            report.listener(listener).hint(format!(
                "if the service itself listens there, `{adopt}` registers it; otherwise leave --port out to \
                 get an available port"
            ))
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
    let (other, listener) = match backend.check(port) {
        Ok(status) => (status.holder, status.listener),
        Err(_) => (None, None),
    };
    let hint = match (other, listener) {
        (Some(other), _) if other.checkout_is_gone() => format!(
            "the checkout of port {port} is gone: `portctl release --id {} && portctl release --id {own}` \
             releases that port and the service's own",
            other.id
        ),
        (Some(other), _) => {
            let other = wording::holder(&other);
            format!("port {port} is allocated to {other}, so keep port {kept}: {get}")
        }
        (None, Some(listener)) => {
            let by = wording::by_listener(&listener);
            let adopt = adopt_command(claim, port);
            format!(
                "port {port} is in use{by}: if the service itself listens there, `portctl release --id {own} \
                 && {adopt}` registers it; otherwise keep port {kept}"
            )
        }
        (None, None) => {
            let release = release_command(holder);
            format!("{release} releases it, so that the service can get port {port}")
        }
    };
    (problem, hint)
}
