//! `portctl get`.

use port_registry::{Allocation, Claim};

use super::outcome::{CommandResult, Done};
use crate::args::GetArgs;
use crate::backend::{self, Backend};
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::output;
use crate::report::Report;

pub(crate) fn run(args: GetArgs) -> CommandResult {
    if args.services.is_empty() {
        return Err(CommandError::Usage(
            "name a service, as in `portctl get web`".to_owned(),
        ));
    }
    if args.port.is_some() && args.services.len() > 1 {
        return Err(CommandError::Usage(
            "--port is for a single service".to_owned(),
        ));
    }
    let names = CheckoutNames::new(args.app, args.instance);
    let mut claims = Vec::new();
    for service in &args.services {
        let claim = names.claim(service)?;
        claims.push(match args.port {
            Some(port) => claim.with_port(port),
            None => claim,
        });
    }
    let allocations = get_or_allocate(&*backend::open()?, &claims)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&allocations)
    } else {
        let ports: Vec<String> = allocations.iter().map(|it| it.port.to_string()).collect();
        output::print_lines(&ports.join("\n"))
    }))
}

/// Returns the allocation of each service, and allocates those that are missing. Reports the first conflict.
pub(super) fn get_or_allocate(
    backend: &dyn Backend,
    claims: &[Claim],
) -> Result<Vec<Allocation>, Report> {
    let claims: Vec<&Claim> = claims.iter().collect();
    match backend.get_or_allocate(&claims)? {
        Ok(claimed) => Ok(claimed.into_iter().map(|it| it.allocation).collect()),
        Err(errors) => Err(conflict::report_first(backend, &claims, errors)),
    }
}
