//! `portctl import`.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use port_registry::{Allocation, Claim, Port};
use serde::Serialize;

use super::{Done, Outcome, backend};
use crate::args::Import;
use crate::backend::Backend;
use crate::conflict;
use crate::dump;
use crate::failure::{Failure, Report};
use crate::output;
use crate::taken::{Met, Taken, claim_all};
use crate::wording;

/// What became of the allocations of a file.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// Those that are new.
    allocations: Vec<Allocation>,
    /// How many were there already.
    existing: usize,
    /// What was left out.
    conflicts: Vec<Report>,
}

pub(super) fn run(args: &Import) -> Outcome {
    let named = args.file.display();
    let text =
        read(&args.file).map_err(|error| Report::new(format!("cannot read {named}: {error}")))?;
    let claims = dump::parse(&text).map_err(|report| report.prefixed(&named.to_string()))?;
    let done = import(&*backend()?, &claims, args.skip_conflicts)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&done)
    } else {
        print(&done)
    }))
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text)?;
        return Ok(text);
    }
    fs::read(file)
}

/// Takes over what claims do not have yet: all of them or none, or else what is in no conflict.
fn import(
    backend: &dyn Backend,
    claims: &[Claim],
    skip_conflicts: bool,
) -> Result<Imported, Failure> {
    let choose = |held: &[Allocation]| {
        let (new, done) = sort(backend, held, claims);
        if !done.conflicts.is_empty() && !skip_conflicts {
            return Err(refusal(done.conflicts).into());
        }
        Ok((new, done))
    };
    let (allocations, done) = claim_all(backend, choose)?;
    Ok(Imported {
        allocations,
        ..done
    })
}

/// Tells the claims that are new from those that are there already and those that are in a conflict.
fn sort(backend: &dyn Backend, held: &[Allocation], claims: &[Claim]) -> (Vec<Claim>, Imported) {
    let mut taken = Taken::by(held);
    let mut new = Vec::new();
    let mut done = Imported::default();
    for claim in claims {
        let met = taken.meet(claim);
        match met {
            Met::Free => new.push(claim.clone()),
            Met::Own => done.existing += 1,
            // It is there, wherever it belongs.
            Met::OtherCheckout(holder) if claim.wanted_port() == Some(holder.port) => {
                done.existing += 1;
            }
            _ => {
                // It takes a while to look at many.
                let is_told = done.conflicts.len() < output::MOST;
                let backend = is_told.then_some(backend);
                done.conflicts.push(in_the_way(backend, claim, met));
            }
        }
    }
    (new, done)
}

/// With a backend, what listens on the port is told as well.
fn in_the_way(backend: Option<&dyn Backend>, claim: &Claim, met: Met) -> Report {
    let key = claim.key();
    let port = claim.wanted_port().map_or(0, Port::get);
    let (told, holder) = match met {
        Met::OtherPort(holder) | Met::OtherCheckout(holder) => {
            let told = format!(
                "it has port {} {}",
                holder.port,
                wording::id_and_folder(holder)
            );
            (told, Some(holder))
        }
        Met::Held { holder, .. } => {
            let told = format!("it is allocated to {}", wording::holder(holder));
            (told, Some(holder))
        }
        Met::ClaimedPort(other) => (format!("the file gives it port {other}, too"), None),
        Met::ClaimedBy(other) => (format!("the file gives it to {other}, too"), None),
        Met::Free | Met::Own => (String::new(), None),
    };
    let told = format!("port {port} of {key}: {told}");
    match holder {
        Some(holder) => {
            let report = match backend {
                Some(backend) => conflict::of_holder(backend, &told, holder.clone()),
                None => Report::new(told).holder(holder.clone()),
            };
            report.hint(wording::freeing(holder))
        }
        None => Report::new(told).hint("take one of the two out of the file"),
    }
}

fn refusal(conflicts: Vec<Report>) -> Report {
    let count = match conflicts.len() {
        1 => "1 allocation is".to_owned(),
        count => format!("{count} allocations are"),
    };
    Report::new(format!(
        "{count} in conflict with another, so none was imported"
    ))
    .hint("--skip-conflicts imports the others")
    .conflicts(conflicts)
}

fn print(done: &Imported) -> io::Result<()> {
    let mut told = format!("imported {}", done.allocations.len());
    if done.existing > 0 {
        told = format!("{told}; there already: {}", done.existing);
    }
    if !done.conflicts.is_empty() {
        told = format!(
            "{told}; in conflict, and left out: {}",
            done.conflicts.len()
        );
    }
    output::print(&told)?;
    output::remarks(&done.conflicts)
}
