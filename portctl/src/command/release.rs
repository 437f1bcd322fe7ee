//! `portctl release`.

use port_registry::{Allocation, Checkout, Filter};

use super::outcome::{Done, Outcome};
use super::released::{self, release};
use crate::args::Release;
use crate::backend;
use crate::backend::Backend;
use crate::checkout::Names;
use crate::conflict;
use crate::failure::Failure;
use crate::output;
use crate::output::wording;
use crate::report::Report;

pub(crate) fn run(args: Release) -> Outcome {
    let has_filter = args.app.is_some()
        || args.instance.is_some()
        || args.service.is_some()
        || args.port.is_some();
    let released = match args.id {
        Some(_) if has_filter => {
            return Err(Failure::Usage(
                "--id names one allocation, and goes with no filter".to_owned(),
            ));
        }
        Some(id) => vec![backend::open()?.release(id)?],
        None => {
            let names = Names::new(args.app, args.instance);
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
                return Err(nothing_matched(&*backend, &filter)?.into());
            }
            released
        }
    };
    Ok(Done::Printed(if args.json {
        output::print_json(&released)
    } else {
        output::print(&released::told(&released))
    }))
}

/// Frees the ports of the allocations that match, except those of another checkout that comes out with the
/// same names.
fn release_own(
    backend: &dyn Backend,
    filter: &Filter,
    checkout: &Checkout,
) -> Result<Vec<Allocation>, Failure> {
    let matching = backend.list(filter)?.into_iter();
    let (others, own): (Vec<_>, Vec<_>) =
        matching.partition(|it| it.belongs_to_other_checkout(&checkout.root));
    match others.into_iter().next() {
        Some(holder) if own.is_empty() => Err(of_other_checkout(backend, holder).into()),
        _ => release(backend, &own),
    }
}

fn of_other_checkout(backend: &dyn Backend, holder: Allocation) -> Report {
    let dir = wording::folder(&holder);
    let told = format!(
        "{} (id {}) belongs to the checkout {dir}",
        holder.key, holder.id
    );
    let free = wording::release(&holder);
    conflict::of_holder(backend, &told, holder)
        .hint(format!("run it there, or name the allocation: {free}"))
}

fn nothing_matched(backend: &dyn Backend, filter: &Filter) -> Result<Report, Failure> {
    const NOTHING: &str = "no allocation matches";
    let holder = match filter.port() {
        Some(port) => backend.list(&Filter::new().with_port(port))?.pop(),
        None => None,
    };
    Ok(match holder {
        Some(holder) => {
            let told = format!(
                "{NOTHING}: port {} is held by {}",
                holder.port,
                wording::holder(&holder)
            );
            let free = wording::freeing(&holder);
            conflict::of_holder(backend, &told, holder).hint(free)
        }
        None => Report::new(NOTHING).hint("`portctl list --all` shows what there is"),
    })
}
