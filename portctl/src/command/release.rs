//! `portctl release`.

use port_registry::{Allocation, AllocationId, Checkout, Error, Filter};

use super::{Done, Outcome, door};
use crate::args::Release;
use crate::door::{Door, Fault};
use crate::failure::{Failure, Report};
use crate::names::Names;
use crate::output;
use crate::visible::visible;

pub(super) fn run(args: Release) -> Outcome {
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
        Some(id) => vec![door()?.release(id)?],
        None => {
            let names = Names::new(args.app, args.instance);
            let mut filter = names.filter(args.service.as_deref())?;
            filter.port = args.port;
            let door = door()?;
            let released = match names.checkout_of(&filter) {
                Some(checkout) => release_own(&*door, &filter, checkout)?,
                None => door.release_matching(&filter)?,
            };
            if released.is_empty() {
                return Err(nothing_matched(&*door, &filter)?.into());
            }
            released
        }
    };
    Ok(Done::Printed(if args.json {
        output::print_json(&released)
    } else {
        output::print(&report(&released))
    }))
}

/// Frees what matches but for what belongs to another checkout, which may come out with the same
/// names.
fn release_own(
    door: &dyn Door,
    filter: &Filter,
    checkout: &Checkout,
) -> Result<Vec<Allocation>, Failure> {
    /// How often others may be quicker.
    const ROUNDS: usize = 100;
    for _ in 0..ROUNDS {
        let (others, own): (Vec<_>, Vec<_>) = door
            .list(filter)?
            .into_iter()
            .partition(|it| it.is_of_other_checkout(&checkout.root));
        if own.is_empty() {
            return match others.into_iter().next() {
                Some(holder) => Err(of_other_checkout(holder).into()),
                None => Ok(own),
            };
        }
        let ids: Vec<AllocationId> = own.iter().map(|it| it.id).collect();
        match door.release_all(&ids) {
            Ok(()) => return Ok(own),
            // Somebody has released one of them just now.
            Err(Fault::Registry {
                error: Error::NotFound { .. },
                ..
            }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(Report::new("others release the same allocations over and over").into())
}

fn of_other_checkout(holder: Allocation) -> Report {
    Report::new(format!(
        "{} belongs to the checkout {}",
        holder.key,
        holder.dir.as_deref().unwrap_or_default()
    ))
    .hint(format!(
        "run it there, or name it: `portctl release --id {}`",
        holder.id
    ))
    .holder(holder)
}

fn report(released: &[Allocation]) -> String {
    let lines: Vec<String> = released
        .iter()
        .map(|it| {
            let key = it.key.to_string();
            format!("released port {} of {}", it.port, visible(&key))
        })
        .collect();
    lines.join("\n")
}

fn nothing_matched(door: &dyn Door, filter: &Filter) -> Result<Report, Failure> {
    let holder = match filter.port {
        Some(port) => door.list(&Filter::default().port(port))?.pop(),
        None => None,
    };
    let report = Report::new("no allocation matches");
    Ok(match holder {
        Some(holder) => report
            .hint(format!(
                "port {} is held by {}: `portctl release --id {}` frees it",
                holder.port, holder.key, holder.id
            ))
            .holder(holder),
        None => report.hint("`portctl list --all` shows what there is"),
    })
}
