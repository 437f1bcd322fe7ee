//! `portctl get`.

use super::outcome::{Done, Outcome};
use crate::args::Get;
use crate::backend;
use crate::checkout::Names;
use crate::conflict;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: Get) -> Outcome {
    if args.services.is_empty() {
        return Err(Failure::Usage(
            "name a service, as in `portctl get web`".to_owned(),
        ));
    }
    if args.port.is_some() && args.services.len() > 1 {
        return Err(Failure::Usage("--port is for a single service".to_owned()));
    }
    let names = Names::new(args.app, args.instance);
    let mut claims = Vec::new();
    for service in &args.services {
        let claim = names.claim(service)?;
        claims.push(match args.port {
            Some(port) => claim.with_port(port),
            None => claim,
        });
    }
    let allocations = conflict::get_or_allocate(&*backend::open()?, &claims)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&allocations)
    } else {
        let ports: Vec<String> = allocations.iter().map(|it| it.port.to_string()).collect();
        output::print(&ports.join("\n"))
    }))
}
