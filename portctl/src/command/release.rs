//! `portctl release`.

use std::collections::BTreeMap;

use port_registry::{Allocation, AllocationId, Error, Filter, Port};

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::{missing, named};
use crate::args::ReleaseArgs;
use crate::backend::{self, Backend, BackendError, submit};
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible, wording};
use crate::report::Report;

pub(crate) fn run(args: ReleaseArgs) -> CommandResult {
    let invocation = Invocation::new("release", args.app.as_deref(), args.instance.as_deref())
        .with_option("--port", args.port)
        .with_switch("--dry-run", args.dry_run)
        .with_switch("--json", args.json);
    let wanted = named::services_and_ports(&invocation, &args.words, args.service, args.port)?;
    let has_filter = invocation.has_names()
        || args.port.is_some()
        || !wanted.services.is_empty()
        || !wanted.ports.is_empty();
    if args.id.is_some() && has_filter {
        return Err(CommandError::usage(
            "--id names one allocation, so leave the rest out",
        ));
    }
    let names = CheckoutNames::new(args.app, args.instance);
    let backend = backend::open()?;
    let released = match args.id {
        Some(id) if args.dry_run => vec![by_id(&*backend, id)?],
        Some(id) => vec![backend.release(id)?],
        None => {
            let filters = wanted.filters(args.port, |service, port| match port {
                Some(port) => names.filter_of_port(service, port),
                None => names.filter(service),
            })?;
            let mut chosen = BTreeMap::new();
            for filter in &filters {
                let matching = matching(&*backend, &invocation, &names, filter)?;
                chosen.extend(matching.into_iter().map(|it| (it.id, it)));
            }
            let chosen: Vec<Allocation> = chosen.into_values().collect();
            if args.dry_run {
                chosen
            } else {
                release_listed(&*backend, &chosen)?
            }
        }
    };
    if released.is_empty() {
        return Err(Report::new("another process has released them already").into());
    }
    if args.json {
        return Ok(Done::Printed(output::print_json(&released)));
    }
    let done = if args.dry_run {
        "would release"
    } else {
        "released"
    };
    let printed = output::print(&describe(done, &released));
    // Only a port is released in all checkouts of the app.
    let is_by_port = args.id.is_none() && (args.port.is_some() || !wanted.ports.is_empty());
    let others = if is_by_port {
        in_other_checkouts(&names, &released)
    } else {
        Vec::new()
    };
    Ok(Done::Printed(printed.and_then(|()| {
        others
            .iter()
            .try_for_each(|note| output::note(&visible(note)))
    })))
}

/// Notes which allocations belong to other checkouts.
fn in_other_checkouts(names: &CheckoutNames, allocations: &[Allocation]) -> Vec<String> {
    let Ok(checkout) = names.checkout() else {
        return Vec::new();
    };
    let others = allocations
        .iter()
        .filter(|it| it.dir.is_some() && it.belongs_to_other_checkout(checkout.root()));
    others
        .map(|it| {
            let dir = wording::checkout(it);
            format!("port {} belongs to another checkout, {dir}", it.port)
        })
        .collect()
}

fn by_id(backend: &dyn Backend, id: AllocationId) -> Result<Allocation, CommandError> {
    let all = backend.list(&Filter::new())?;
    let found = all.into_iter().find(|it| it.id == id);
    Ok(found.ok_or(Error::NotFound { id })?)
}

/// Finds the allocations that match, at least one. Those of another checkout with the same names do not count.
fn matching(
    backend: &dyn Backend,
    invocation: &Invocation,
    names: &CheckoutNames,
    filter: &Filter,
) -> Result<Vec<Allocation>, CommandError> {
    let matching = backend.list(filter)?.into_iter();
    let (others, matching): (Vec<_>, Vec<_>) = matching.partition(|it| names.are_shared_by(it));
    if let (Some(holder), []) = (others.into_iter().next(), &matching[..]) {
        return Err(report_other_checkout(backend, invocation, holder).into());
    }
    if matching.is_empty() {
        return Err(report_no_match(backend, invocation, names, filter)?.into());
    }
    Ok(matching)
}

/// Reports that the matching allocations belong to another checkout with the same names.
fn report_other_checkout(
    backend: &dyn Backend,
    invocation: &Invocation,
    holder: Allocation,
) -> Report {
    let dir = wording::checkout(&holder);
    let problem = format!(
        "{} (id {}) belongs to the checkout {dir}",
        holder.key, holder.id
    );
    let line = release_by_id(invocation, &holder);
    conflict::report_holder(backend, &problem, holder).hint(format!(
        "run the command there, or name the allocation: `{line}`"
    ))
}

/// Reports that no allocation matches, and who has the port or which service has a similar name.
fn report_no_match(
    backend: &dyn Backend,
    invocation: &Invocation,
    names: &CheckoutNames,
    filter: &Filter,
) -> Result<Report, CommandError> {
    if let Some(port) = filter.port() {
        return report_port(backend, invocation, filter, port);
    }
    Ok(match filter.service() {
        Some(service) if filter.instance().is_some() => {
            let key = names.key(service)?;
            missing::report(invocation, &key, &backend.list_instance_of(&key)?)
        }
        _ => Report::new(format!("{} has no ports", wording::filter_names(filter)))
            .hint("`portctl list --all` shows all allocations"),
    })
}

/// The command line that releases an allocation of any app.
fn release_by_id(invocation: &Invocation, allocation: &Allocation) -> String {
    let is_dry_run = invocation.has_switch("--dry-run");
    Invocation::new("release", None, None)
        .with_option("--id", Some(allocation.id))
        .with_switch("--dry-run", is_dry_run)
        .with::<&str>(&[])
}

/// Reports that no allocation matches a filter with a port.
fn report_port(
    backend: &dyn Backend,
    invocation: &Invocation,
    filter: &Filter,
    port: Port,
) -> Result<Report, CommandError> {
    let owner: Vec<&str> = filter.app().into_iter().chain(filter.instance()).collect();
    let owner = owner.join("/");
    let Some(holder) = backend.list(&Filter::new().with_port(port))?.pop() else {
        return Ok(
            Report::new(format!("port {port} is not allocated")).hint(format!(
                "`portctl check {port}` shows if something listens there"
            )),
        );
    };
    let holds = wording::holder(&holder);
    let owner = match filter.service() {
        Some(service) => format!("a service {service} of {owner}"),
        None => owner,
    };
    let problem = format!("port {port} is allocated to {holds}, not to {owner}");
    let hint = if invocation.has_switch("--dry-run") {
        format!("`{}` shows it", release_by_id(invocation, &holder))
    } else {
        conflict::release_hint(&holder)
    };
    Ok(conflict::report_holder(backend, &problem, holder).hint(hint))
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

/// Describes what is done with allocations, one per line.
pub(super) fn describe(done: &str, released: &[Allocation]) -> String {
    let lines: Vec<String> = released
        .iter()
        .map(|it| {
            let key = it.key.to_string();
            format!("{done} port {} of {}", it.port, visible(&key))
        })
        .collect();
    lines.join("\n")
}
