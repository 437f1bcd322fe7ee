//! `portctl import`.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use port_registry::{Allocation, Claim, Error, Filter};
use serde::Serialize;

use super::{Done, Outcome, door};
use crate::args::Import;
use crate::door::{Door, Fault};
use crate::dump;
use crate::failure::{Failure, Report};
use crate::output;
use crate::taken::{Place, Taken};
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
    let claims = dump::parse(&text).map_err(|report| report.after(&named.to_string()))?;
    let done = import(&*door()?, &claims, args.skip_conflicts)?;
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
fn import(door: &dyn Door, claims: &[Claim], skip_conflicts: bool) -> Result<Imported, Failure> {
    /// How often others may be quicker.
    const ROUNDS: usize = 100;
    for _ in 0..ROUNDS {
        let (new, done) = sort(&door.list(&Filter::default())?, claims);
        if !done.conflicts.is_empty() && !skip_conflicts {
            return Err(refusal(done.conflicts).into());
        }
        match door.get_or_allocate(&new) {
            Ok(allocations) => {
                return Ok(Imported {
                    allocations,
                    ..done
                });
            }
            // Somebody has taken a port or a name just now.
            Err(Fault::Registry(
                Error::PortTaken { .. } | Error::ServiceTaken { .. } | Error::OtherCheckout { .. },
            )) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(Report::new("others allocate the same ports over and over").into())
}

/// Tells the claims that are new from those that are there already and those that are in a conflict.
fn sort(held: &[Allocation], claims: &[Claim]) -> (Vec<Claim>, Imported) {
    let mut taken = Taken::by(held);
    let mut new = Vec::new();
    let mut done = Imported::default();
    for claim in claims {
        match taken.place(claim) {
            Place::Free => new.push(claim.clone()),
            Place::Own => done.existing += 1,
            Place::OtherPort(holder) => {
                let told = format!("it has port {} (id {})", holder.port, holder.id);
                done.conflicts.push(conflict(claim, &told, Some(holder)));
            }
            Place::Held(holder) => {
                let told = format!("it is allocated to {}", wording::holder(holder));
                done.conflicts.push(conflict(claim, &told, Some(holder)));
            }
            Place::ClaimedPort(other) => {
                let told = format!("the file gives it port {other}, too");
                done.conflicts.push(conflict(claim, &told, None));
            }
            Place::ClaimedBy(other) => {
                let told = format!("the file gives it to {other}, too");
                done.conflicts.push(conflict(claim, &told, None));
            }
        }
    }
    (new, done)
}

fn conflict(claim: &Claim, told: &str, holder: Option<&Allocation>) -> Report {
    let port = claim
        .wanted_port()
        .map_or_else(String::new, |it| it.to_string());
    let report = Report::new(format!("port {port} of {}: {told}", claim.key()));
    match holder {
        Some(holder) => report
            .hint(format!("{} frees it", wording::release(holder)))
            .holder(holder.clone()),
        None => report,
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
        told = format!("{told}, {} were there already", done.existing);
    }
    if !done.conflicts.is_empty() {
        told = format!("{told}, {} in conflict were left out", done.conflicts.len());
    }
    output::print(&told)?;
    output::remarks(&done.conflicts)
}
