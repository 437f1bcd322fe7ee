//! `portctl list`.

use std::collections::{BTreeMap, BTreeSet};

use port_registry::{Allocation, Checkout, Filter};

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::{missing, named};
use crate::args::ListArgs;
use crate::backend::{self, Backend};
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::output::{self, visible, wording};

pub(crate) fn run(args: ListArgs) -> CommandResult {
    let invocation = Invocation::new("list", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--all", args.all)
        .with_option("--port", args.port)
        .with_switch("--json", args.json);
    let wanted = named::services_and_ports(&invocation, &args.words, args.service, args.port)?;
    let names = CheckoutNames::new(args.app, args.instance);
    let filters = wanted.filters(args.port, |service, port| {
        let filter = if args.all {
            names.filter_of_all(service)?
        } else {
            names.filter(service)?
        };
        Ok(match port {
            Some(port) => filter.with_port(port),
            None => filter,
        })
    })?;
    let backend = backend::open()?;
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for filter in &filters {
        let matching = backend.list(filter)?;
        if matching.is_empty() && !args.json {
            missing.push(nothing_matches(&*backend, &names, &invocation, filter)?);
        }
        found.extend(matching.into_iter().map(|it| (it.id, it)));
    }
    let allocations: Vec<Allocation> = found.into_values().collect();
    if args.json {
        return Ok(Done::Printed(output::print_json(&allocations)));
    }
    let printed = if allocations.is_empty() {
        Ok(())
    } else {
        output::print_allocations(&allocations)
    };
    let others = filters
        .first()
        .and_then(|filter| names.known_checkout_of(filter))
        .and_then(|checkout| other_checkouts(&allocations, checkout));
    // In place of a result, the sentence is no note beside it.
    let remark = if allocations.is_empty() {
        output::remark
    } else {
        output::note
    };
    let mut remarks = missing.into_iter().chain(others);
    Ok(Done::Printed(printed.and_then(|()| {
        remarks.try_for_each(|it| remark(&visible(&it)))
    })))
}

/// Names the allocations that belong to another checkout with the same names. Returns `None` if there are none.
fn other_checkouts(allocations: &[Allocation], checkout: &Checkout) -> Option<String> {
    let others = allocations
        .iter()
        .filter(|it| it.belongs_to_other_checkout(checkout.root()));
    let dirs: Vec<_> = others
        .filter(|it| it.dir.is_some())
        .map(wording::checkout)
        .collect();
    let belong = match dirs.len() {
        0 => return None,
        1 => "belongs",
        _ => "belong",
    };
    let names: BTreeSet<&str> = dirs.iter().copied().collect();
    let names: Vec<&str> = names.into_iter().collect();
    Some(format!(
        "{} of them {belong} to another checkout, {}: pass --instance NAME to tell them apart",
        dirs.len(),
        names.join(" and ")
    ))
}

/// Tells that no allocation matches a filter, and the next step.
fn nothing_matches(
    backend: &dyn Backend,
    names: &CheckoutNames,
    invocation: &Invocation,
    filter: &Filter,
) -> Result<String, CommandError> {
    let is_of_all = invocation.has_switch("--all");
    if filter.is_empty() {
        return Ok("no allocations".to_owned());
    }
    let owner = wording::filter_names(filter);
    Ok(match (filter.port(), filter.service()) {
        (Some(port), _) if owner.is_empty() => format!("port {port} is not allocated"),
        (Some(port), _) => {
            format!(
                "port {port} is not allocated to {owner}; `portctl check {port}` shows who has it"
            )
        }
        (None, Some(service)) if filter.instance().is_some() && filter.app().is_some() => {
            let key = names.key(service)?;
            let report = missing::report(invocation, &key, &backend.list_instance_of(&key)?);
            format!("{}; {}", report.error, report.hint.unwrap_or_default())
        }
        _ if is_of_all => format!("no allocations of {owner}"),
        _ => format!("no allocations of {owner}; `portctl list --all` shows those of others"),
    })
}
