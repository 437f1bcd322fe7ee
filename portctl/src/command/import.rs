//! `portctl import`.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use port_registry::{Allocation, Claim, Port, ServiceKey};
use serde::Serialize;

use super::outcome::{Done, Outcome};
use crate::args::Import;
use crate::backend;
use crate::backend::submit;
use crate::backend::{Backend, ItemFault};
use crate::conflict;
use crate::failure::Failure;
use crate::import;
use crate::output;
use crate::output::wording;
use crate::report::Report;

/// The outcome of an import.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// The allocations that are new.
    allocations: Vec<Allocation>,
    /// The number of those that were there already.
    existing: usize,
    /// Those that were left out.
    conflicts: Vec<Report>,
}

pub(crate) fn run(args: &Import) -> Outcome {
    let named = args.file.display();
    let text =
        read(&args.file).map_err(|error| Report::new(format!("cannot read {named}: {error}")))?;
    let claims = import::parse(&text).map_err(|report| report.prefixed(&named.to_string()))?;
    let done = import(&*backend::open()?, &claims, args.skip_conflicts)?;
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

/// Allocates the ports of a file that are not there yet: all of them or none, or else all without a conflict.
fn import(
    backend: &dyn Backend,
    claims: &[Claim],
    skip_conflicts: bool,
) -> Result<Imported, Failure> {
    let mut file = Contents::of(claims);
    let mut existing = 0;
    let mut conflicts = Vec::new();
    let imported = submit(
        claims,
        |batch| backend.allocate(batch),
        |it| {
            if file.has_existing(it) {
                existing += 1;
                return true;
            }
            let conflict = if skip_conflicts {
                file.conflict(backend, it, conflicts.len())
            } else {
                None
            };
            conflict.map(|conflict| conflicts.push(conflict)).is_some()
        },
    )?;
    match imported {
        Ok(allocated) => Ok(Imported {
            allocations: allocated.into_iter().map(|(_, it)| it).collect(),
            existing,
            conflicts,
        }),
        Err(faults) => {
            let mut conflicts = Vec::with_capacity(faults.len());
            for it in faults {
                match file.conflict(backend, &it, conflicts.len()) {
                    Some(conflict) => conflicts.push(conflict),
                    None => return Err(it.fault.into()),
                }
            }
            Err(refusal(conflicts).into())
        }
    }
}

/// The claims that a file makes.
struct Contents<'a> {
    claims: &'a [Claim],
    /// The positions of the first claim of each service on each port, unless that is there already.
    new: HashMap<(&'a ServiceKey, Option<Port>), usize>,
}

impl Contents<'_> {
    fn of(claims: &[Claim]) -> Contents<'_> {
        let mut new = HashMap::with_capacity(claims.len());
        for (index, claim) in claims.iter().enumerate() {
            new.entry((claim.key(), claim.port())).or_insert(index);
        }
        Contents { claims, new }
    }

    /// Tells if a claim failed because its service has the port already, in whichever checkout.
    fn has_existing(&mut self, it: &ItemFault) -> bool {
        let claim = &self.claims[it.index];
        let wanted = (claim.key(), claim.port());
        let is_there = (it.fault.holder()).is_some_and(|it| (&it.key, Some(it.port)) == wanted);
        if is_there && self.new.get(&wanted) == Some(&it.index) {
            self.new.remove(&wanted);
        }
        is_there
    }

    /// Describes the conflict of a claim, after so many others. Returns `None` for a fault of another kind.
    fn conflict(&self, backend: &dyn Backend, it: &ItemFault, others: usize) -> Option<Report> {
        let holder = it.fault.holder()?;
        let claim = &self.claims[it.index];
        let (key, port) = (claim.key(), claim.port()?);
        let told = |reason: &str| format!("port {port} of {key}: {reason}");
        // The holder can be an allocation that the batch itself would have made.
        let earlier = self.new.get(&(&holder.key, Some(holder.port)));
        if earlier.is_some_and(|earlier| *earlier < it.index) {
            let reason = if holder.key == *key {
                format!("the file gives it port {}, too", holder.port)
            } else {
                format!("the file gives it to {}, too", holder.key)
            };
            return Some(Report::new(told(&reason)).hint("take one of the two out of the file"));
        }
        // It takes a while to look at many ports and at their listeners.
        let is_looked_at = others < output::MOST;
        // If another service holds the port, it does not help to free the one that this service has.
        let of_port = if holder.key == *key && is_looked_at {
            backend.check(port).ok().and_then(|status| status.holder)
        } else {
            None
        };
        let holder = of_port.as_ref().unwrap_or(holder);
        let told = if holder.key == *key {
            let id_and_folder = wording::id_and_folder(holder);
            told(&format!("it has port {} {id_and_folder}", holder.port))
        } else {
            told(&format!("it is allocated to {}", wording::holder(holder)))
        };
        if !is_looked_at {
            return Some(Report::new(told).holder(holder.clone()));
        }
        let report = conflict::of_holder(backend, &told, holder.clone());
        Some(report.hint(wording::freeing(holder)))
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
