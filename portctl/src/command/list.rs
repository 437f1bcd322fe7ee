//! `portctl list`.

use std::collections::BTreeSet;

use port_registry::{Allocation, Checkout, Filter};

use super::outcome::{CommandResult, Done};
use crate::args::ListArgs;
use crate::backend;
use crate::checkout::CheckoutNames;
use crate::output::{self, visible, wording};

pub(crate) fn run(args: ListArgs) -> CommandResult {
    let names = CheckoutNames::new(args.app, args.instance);
    let service = args.service.as_deref();
    let filter = if args.all {
        names.filter_of_all(service)?
    } else {
        names.filter(service)?
    };
    let allocations = backend::open()?.list(&filter)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&allocations)
    } else if allocations.is_empty() {
        output::remark(&no_allocations(&filter))
    } else {
        let others = names
            .known_checkout_of(&filter)
            .and_then(|checkout| other_checkouts(&allocations, checkout));
        output::print_allocations(&allocations).and_then(|()| match others {
            Some(remark) => output::remark(&visible(&remark)),
            None => Ok(()),
        })
    }))
}

/// Names the allocations that belong to another checkout with the same names. Returns `None` if there are none.
fn other_checkouts(allocations: &[Allocation], checkout: &Checkout) -> Option<String> {
    let others = allocations
        .iter()
        .filter(|it| it.belongs_to_other_checkout(&checkout.root));
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

fn no_allocations(filter: &Filter) -> String {
    if filter.is_empty() {
        return "no allocations".to_owned();
    }
    let named = wording::filter_names(filter);
    format!("no allocations of {named}; `portctl list --all` shows those of others")
}
