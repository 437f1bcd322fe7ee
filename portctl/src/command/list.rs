//! `portctl list`.

use port_registry::Filter;

use super::{Done, Outcome, door};
use crate::args::List;
use crate::names::Names;
use crate::output;
use crate::visible::visible;

pub(super) fn run(args: List) -> Outcome {
    let names = Names::new(args.app, args.instance);
    let service = args.service.as_deref();
    let filter = if args.all {
        names.filter_of_all(service)?
    } else {
        names.filter(service)?
    };
    let allocations = door()?.list(&filter)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&allocations)
    } else if allocations.is_empty() {
        output::remark(&nothing(&filter))
    } else {
        output::print_table(&allocations)
    }))
}

fn nothing(filter: &Filter) -> String {
    if filter.is_empty() {
        return "no allocations".to_owned();
    }
    let parts = [&filter.app, &filter.instance, &filter.service];
    let named: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let named = named.join("/");
    let named = visible(&named);
    format!("no allocations of {named}; `portctl list --all` shows those of others")
}
