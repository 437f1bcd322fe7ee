//! `portctl release`.

use port_registry::{Allocation, AllocationId, Checkout, Error, Filter};

use super::outcome::{CommandResult, Done};
use crate::args::ReleaseArgs;
use crate::backend::{self, Backend, BackendError, submit};
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible, wording};
use crate::report::Report;

pub(crate) fn run(args: ReleaseArgs) -> CommandResult {
    let has_filter = args.app.is_some()
        || args.instance.is_some()
        || args.service.is_some()
        || args.port.is_some();
    let released = match args.id {
        Some(_) if has_filter => {
            return Err(CommandError::Usage(
                "--id names one allocation, so leave the filters out".to_owned(),
            ));
        }
        Some(id) => vec![backend::open()?.release(id)?],
        None => {
            let names = CheckoutNames::new(args.app, args.instance);
            let mut filter = names.filter(args.service.as_deref())?;
            if let Some(port) = args.port {
                filter = filter.with_port(port);
            }
            let backend = backend::open()?;
            let released = match names.checkout_of(&filter) {
                Some(checkout) => release_own(&*backend, &filter, checkout)?,
                None => backend.release_matching(&filter)?,
            };
            if released.is_empty() {
                return Err(report_no_match(&*backend, &filter)?.into());
            }
            released
        }
    };
    Ok(Done::Printed(if args.json {
        output::print_json(&released)
    } else {
        output::print(&describe_released(&released))
    }))
}

/// Releases the allocations that match, except those of another checkout with the same names.
fn release_own(
    backend: &dyn Backend,
    filter: &Filter,
    checkout: &Checkout,
) -> Result<Vec<Allocation>, CommandError> {
    let matching = backend.list(filter)?.into_iter();
    let (others, own): (Vec<_>, Vec<_>) =
        matching.partition(|it| it.belongs_to_other_checkout(&checkout.root));
    match others.into_iter().next() {
        Some(holder) if own.is_empty() => Err(report_other_checkout(backend, holder).into()),
        _ => release_listed(backend, &own),
    }
}

/// Reports that the matching allocations belong to another checkout with the same names.
fn report_other_checkout(backend: &dyn Backend, holder: Allocation) -> Report {
    let dir = wording::checkout(&holder);
    let problem = format!(
        "{} (id {}) belongs to the checkout {dir}",
        holder.key, holder.id
    );
    let free = conflict::release_command(&holder);
    conflict::report_holder(backend, &problem, holder).hint(format!(
        "run the command there, or name the allocation: {free}"
    ))
}

/// Reports that no allocation matches, and the holder of the port if the filter has one.
fn report_no_match(backend: &dyn Backend, filter: &Filter) -> Result<Report, CommandError> {
    const NOTHING: &str = "no allocation matches";
    let holder = match filter.port() {
        Some(port) => backend.list(&Filter::new().with_port(port))?.pop(),
        None => None,
    };
    Ok(match holder {
        Some(holder) => {
            let problem = format!(
                "{NOTHING}: port {} is held by {}",
                holder.port,
                wording::holder(&holder)
            );
            let free = conflict::release_hint(&holder);
            conflict::report_holder(backend, &problem, holder).hint(free)
        }
        None => Report::new(NOTHING).hint("`portctl list --all` shows all allocations"),
    })
}

/// Releases these allocations, all of them or none, and returns them. Those that another process has released since they
/// were listed are left out.
pub(super) fn release_listed(
    backend: &dyn Backend,
    chosen: &[Allocation],
) -> Result<Vec<Allocation>, CommandError> {
    let send = |batch: &[&Allocation]| {
        let ids: Vec<AllocationId> = batch.iter().map(|it| it.id).collect();
        backend.release_all(&ids)
    };
    let released = submit(chosen, send, |it| {
        matches!(it.error, BackendError::Registry(Error::NotFound { .. }))
    })?;
    match released {
        Ok(released) => {
            let released = released.into_iter();
            Ok(released.map(|(index, ())| chosen[index].clone()).collect())
        }
        Err(errors) => Err(match errors.into_iter().next() {
            Some(it) => it.error.into(),
            None => Error::NotApplied.into(),
        }),
    }
}

/// Describes released allocations, one per line.
pub(super) fn describe_released(released: &[Allocation]) -> String {
    let lines: Vec<String> = released
        .iter()
        .map(|it| {
            let key = it.key.to_string();
            format!("released port {} of {}", it.port, visible(&key))
        })
        .collect();
    lines.join("\n")
}
