//! `portctl import`.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use port_registry::{Allocation, Claim, Filter, Port, Registry, ServiceKey};
use serde::Serialize;

use super::outcome::{CommandResult, Done};
use crate::args::ImportArgs;
use crate::backend::{self, Backend, ItemError, submit};
use crate::command_error::CommandError;
use crate::conflict;
use crate::import;
use crate::output::{self, wording};
use crate::report::Report;

/// The first bytes of a registry's database.
const REDB_MAGIC: &[u8] = b"redb";

/// The outcome of an import.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// The allocations that are new.
    allocations: Vec<Allocation>,
    /// The number of those that existed already.
    existing: usize,
    /// Those that were left out because of a conflict.
    conflicts: Vec<Report>,
}

pub(crate) fn run(args: &ImportArgs) -> CommandResult {
    let named = args.file.display();
    let mut text =
        read(&args.file).map_err(|error| Report::new(format!("cannot read {named}: {error}")))?;
    if text.starts_with(REDB_MAGIC) {
        text = list_database(&args.file)?;
    }
    let claims = import::parse(&text).map_err(|report| report.prefixed(&named.to_string()))?;
    let done = import(&*backend::open()?, &claims, args)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&done)
    } else {
        print(&done)
    }))
}

/// Lists the allocations of a registry's database, as `portctl export` does.
fn list_database(file: &Path) -> Result<Vec<u8>, CommandError> {
    let registry = Registry::builder().with_path(file).open()?;
    let listed = registry.list(&Filter::new())?;
    serde_json::to_vec(&listed).map_err(|error| Report::new(error.to_string()).into())
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().lock().read_to_end(&mut text)?;
        return Ok(text);
    }
    fs::read(file)
}

/// Allocates the ports of a file that are new: all of them or none, or with `--skip-conflicts` all without a conflict.
fn import(
    backend: &dyn Backend,
    claims: &[Claim],
    args: &ImportArgs,
) -> Result<Imported, CommandError> {
    let mut file = FileClaims::of(claims);
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
            let conflict = if args.skip_conflicts {
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
        Err(errors) => {
            let mut conflicts = Vec::with_capacity(errors.len());
            for it in errors {
                match file.conflict(backend, &it, conflicts.len()) {
                    Some(conflict) => conflicts.push(conflict),
                    None => return Err(it.error.into()),
                }
            }
            Err(refusal(conflicts, &args.file).into())
        }
    }
}

/// The claims of a file.
struct FileClaims<'a> {
    claims: &'a [Claim],
    /// The position of the first claim of each service to each port, unless the allocation exists already.
    new: HashMap<(&'a ServiceKey, Option<Port>), usize>,
}

impl FileClaims<'_> {
    fn of(claims: &[Claim]) -> FileClaims<'_> {
        let mut new = HashMap::with_capacity(claims.len());
        for (index, claim) in claims.iter().enumerate() {
            new.entry((claim.key(), claim.port())).or_insert(index);
        }
        FileClaims { claims, new }
    }

    /// Returns true if a claim failed because its service has the port already, in any checkout.
    fn has_existing(&mut self, it: &ItemError) -> bool {
        let claim = &self.claims[it.index];
        let wanted = (claim.key(), claim.port());
        let is_there = (it.error.holder()).is_some_and(|it| (&it.key, Some(it.port)) == wanted);
        if is_there && self.new.get(&wanted) == Some(&it.index) {
            self.new.remove(&wanted);
        }
        is_there
    }

    /// Reports the conflict of a claim, after `others` were reported. Returns `None` for an error of another kind.
    fn conflict(&self, backend: &dyn Backend, it: &ItemError, others: usize) -> Option<Report> {
        let holder = it.error.holder()?;
        let claim = &self.claims[it.index];
        let (key, port) = (claim.key(), claim.port()?);
        let problem = |reason: &str| format!("port {port} of {key}: {reason}");
        // The holder may be an allocation that the batch itself would have made.
        let earlier = self.new.get(&(&holder.key, Some(holder.port)));
        if earlier.is_some_and(|earlier| *earlier < it.index) {
            let reason = if holder.key == *key {
                format!("the file also gives it port {}", holder.port)
            } else {
                format!("the file also gives it to {}", holder.key)
            };
            return Some(Report::new(problem(&reason)).hint("remove one of the two from the file"));
        }
        // Checking many ports and their listeners takes time, and only the first reports are shown.
        let is_checked = others < output::MAX_REPORTS;
        // If another service holds the port, releasing the port that this service has does not help.
        let of_port = if holder.key == *key && is_checked {
            backend.check(port).ok().and_then(|status| status.holder)
        } else {
            None
        };
        let holder = of_port.as_ref().unwrap_or(holder);
        let problem = if holder.key == *key {
            let id_and_checkout = wording::id_and_checkout(holder);
            problem(&format!("it has port {} {id_and_checkout}", holder.port))
        } else {
            problem(&format!("it is allocated to {}", wording::holder(holder)))
        };
        if !is_checked {
            return Some(Report::new(problem).holder(holder.clone()));
        }
        let report = conflict::report_holder(backend, &problem, holder.clone());
        Some(report.hint(conflict::release_hint(holder)))
    }
}

fn refusal(conflicts: Vec<Report>, file: &Path) -> Report {
    let count = match conflicts.len() {
        1 => "1 allocation conflicts with another".to_owned(),
        count => format!("{count} allocations conflict with others"),
    };
    let file = match file.to_str() {
        Some("-") => " -".to_owned(),
        _ => wording::positional(&file.display().to_string()),
    };
    Report::new(format!("{count}, so nothing was imported"))
        .hint(format!(
            "`portctl import --skip-conflicts{file}` imports the rest"
        ))
        .conflicts(conflicts)
}

fn print(done: &Imported) -> io::Result<()> {
    let mut text = format!("imported {}", done.allocations.len());
    if done.existing > 0 {
        text = format!("{text}; existing already: {}", done.existing);
    }
    if !done.conflicts.is_empty() {
        text = format!(
            "{text}; left out because of conflicts: {}",
            done.conflicts.len()
        );
    }
    output::print(&text)?;
    output::remark_reports(&done.conflicts)
}
