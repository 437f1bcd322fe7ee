//! Reports of claims that failed.

use std::path::Path;

use port_registry::{Allocation, Claim, Error, Port, PortUse};

use super::hint::{adopt_command, command_for, release_command, release_hint_if_gone};
use super::holder::report_holder;
use crate::backend::{Backend, BackendError, BatchOutcome, ItemError};
use crate::command_error::CommandError;
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
        Error::PortInUse { port } => port_in_use(backend, claim, port),
        error => error.into(),
    }
}

/// Reports that the claimed port is in use.
fn port_in_use(backend: &dyn Backend, claim: &Claim, port: Port) -> Report {
    let status = backend.check(port).ok();
    let Some(in_use) = status.and_then(|status| status.in_use) else {
        return Report::new(format!("port {port} was in use"))
            .hint("it is free now, so run the command again");
    };
    let whose = whose(claim, &in_use);
    let adopt = adopt_command(claim, port);
    let other = "leave --port out to get an available port";
    let hint = match whose {
        Whose::Ours => format!("`{adopt}` registers it; otherwise {other}"),
        Whose::Foreign(_) => other.to_owned(),
        Whose::Unknown(_) => format!(
            "if the service itself listens there, `{adopt}` registers it; otherwise {other}"
        ),
        Whose::Nobody => format!("nothing listens there: wait until it is free, or {other}"),
    };
    let report = Report::new(format!("port {port} is {in_use}, and not allocated{whose}"));
    report.in_use(Some(in_use)).hint(hint)
}

/// Refuses to adopt a listener of another checkout than that of the claim.
pub(crate) fn refuse_foreign(backend: &dyn Backend, claim: &Claim) -> Result<(), CommandError> {
    let Some(port) = claim.port() else {
        return Ok(());
    };
    let status = backend.check(port)?;
    let Some(in_use) = status.in_use.filter(|_| status.holder.is_none()) else {
        return Ok(());
    };
    match whose(claim, &in_use) {
        whose @ Whose::Foreign(_) => {
            let report = Report::new(format!(
                "port {port} is {in_use}{whose}, so it was not adopted"
            ));
            let report = report.in_use(Some(in_use));
            Err(report
                .hint("leave --port and --adopt out to get an available port")
                .into())
        }
        _ => Ok(()),
    }
}

/// Compares the listeners of a port with the checkout of a claim.
fn whose(claim: &Claim, in_use: &PortUse) -> Whose {
    match claim.dir() {
        Some(dir) => Whose::of(in_use, dir),
        None => Whose::of_none(in_use),
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
            let owner = whose(claim, &in_use);
            if matches!(owner, Whose::Ours | Whose::Unknown(_)) {
                let adopt = adopt_command(claim, port);
                format!(
                    "port {port} is {in_use}{owner}: if the service itself listens there, `portctl release --id {own} \
                     && {adopt}` registers it; otherwise keep port {kept}"
                )
            } else {
                format!("port {port} is {in_use}{owner}, so keep port {kept}: {get}")
            }
        }
        (None, None) => {
            let release = release_command(holder);
            format!("{release} releases it, so that the service can get port {port}")
        }
    };
    (problem, hint)
}
