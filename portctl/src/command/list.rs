//! `portctl list`.

use std::collections::BTreeSet;

use port_registry::{Allocation, Checkout, Filter};

use super::outcome::{Done, Outcome};
use crate::args::List;
use crate::backend;
use crate::checkout::Names;
use crate::output;
use crate::output::visible;
use crate::output::wording;

pub(crate) fn run(args: List) -> Outcome {
    let names = Names::new(args.app, args.instance);
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
        output::remark(&nothing(&filter))
    } else {
        let others = names
            .known_checkout_of(&filter)
            .and_then(|checkout| of_others(&allocations, checkout));
        output::print_table(&allocations).and_then(|()| match others {
            Some(remark) => output::remark(&visible(&remark)),
            None => Ok(()),
        })
    }))
}

/// Which of them belong to another checkout, which comes out with the same names.
fn of_others(allocations: &[Allocation], checkout: &Checkout) -> Option<String> {
    let others = allocations
        .iter()
        .filter(|it| it.belongs_to_other_checkout(&checkout.root));
    let dirs: Vec<_> = others
        .filter(|it| it.dir.is_some())
        .map(wording::folder)
        .collect();
    let belong = match dirs.len() {
        0 => return None,
        1 => "belongs",
        _ => "belong",
    };
    let names: BTreeSet<&str> = dirs.iter().map(|dir| &**dir).collect();
    let names: Vec<&str> = names.into_iter().collect();
    Some(format!(
        "{} of them {belong} to another checkout, {}: pass --instance NAME to tell them apart",
        dirs.len(),
        names.join(" and ")
    ))
}

fn nothing(filter: &Filter) -> String {
    if filter.is_empty() {
        return "no allocations".to_owned();
    }
    let named = wording::names(filter);
    format!("no allocations of {named}; `portctl list --all` shows those of others")
}
