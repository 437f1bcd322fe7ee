//! `portctl get`.

use port_registry::{Allocation, Claim};

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::{named, new_services};
use crate::args::GetArgs;
use crate::backend::{self, Backend};
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible};
use crate::report::Report;

pub(crate) fn run(args: GetArgs) -> CommandResult {
    let invocation = Invocation::new("get", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--json", args.json);
    let services = named::services(&invocation, args.words, args.service)?;
    if services.is_empty() {
        return Err(named::no_service(&invocation));
    }
    if let (Some(port), [first, _, ..]) = (args.port, &services[..]) {
        let line = invocation.with_port(first, port);
        let report = Report::new("--port is for a single service");
        return Err(CommandError::Usage(
            report.hint(format!("give each its port on its own, as in `{line}`")),
        ));
    }
    let names = CheckoutNames::new(args.app, args.instance);
    let mut claims = Vec::new();
    for service in &services {
        let claim = names.claim(service)?;
        claims.push(match args.port {
            Some(port) => claim.with_port(port),
            None => claim,
        });
    }
    let (allocations, notes) = get_or_allocate(&*backend::open()?, &invocation, &claims)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&allocations)
    } else {
        print_notes(&notes);
        let ports: Vec<String> = allocations.iter().map(|it| it.port.to_string()).collect();
        output::print_lines(&ports.join("\n"))
    }))
}

/// Returns the allocation of each service, and allocates those that are missing. Reports the first conflict. Returns
/// notes about new services, too.
pub(super) fn get_or_allocate(
    backend: &dyn Backend,
    invocation: &Invocation,
    claims: &[Claim],
) -> Result<(Vec<Allocation>, Vec<String>), CommandError> {
    let existing = new_services::check(backend, invocation, claims)?;
    let each: Vec<&Claim> = claims.iter().collect();
    let claimed = match backend.get_or_allocate(&each)? {
        Ok(claimed) => claimed,
        Err(errors) => return Err(conflict::report_first(backend, &each, errors).into()),
    };
    let new = claimed.iter().filter(|it| it.is_new);
    let new: Vec<&Allocation> = new.map(|it| &it.allocation).collect();
    new_services::undo_clash(backend, invocation, claims, &new)?;
    let notes = new.iter();
    let notes = notes.filter_map(|it| new_services::similar_name(&existing, it));
    let notes = notes.collect();
    Ok((claimed.into_iter().map(|it| it.allocation).collect(), notes))
}

/// Prints notes. Errors are ignored, because the ports are the result.
pub(super) fn print_notes(notes: &[String]) {
    for note in notes {
        output::note(&visible(note)).ok();
    }
}
