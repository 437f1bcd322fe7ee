//! `portctl get`.

use port_registry::{Allocation, Answer, Atomicity, Error, Request};

use super::{Done, Outcome, registry};
use crate::args::Get;
use crate::failure::Failure;
use crate::names::Names;
use crate::output;

pub(super) fn run(args: Get) -> Outcome {
    if args.services.is_empty() {
        return Err(Failure::Usage(
            "name a service, as in `portctl get web`".to_owned(),
        ));
    }
    if args.port.is_some() && args.services.len() > 1 {
        return Err(Failure::Usage("--port is for a single service".to_owned()));
    }
    let names = Names::new(args.app, args.instance);
    let mut requests = Vec::new();
    for service in &args.services {
        let mut claim = names.claim(service)?;
        if let Some(port) = args.port {
            claim = claim.port(port);
        }
        requests.push(Request::GetOrAllocate(claim));
    }
    let allocations = allocations(registry()?.apply(&requests, Atomicity::AllOrNothing)?)?;
    Ok(Done::Printed(if args.json {
        output::print_json(&allocations)
    } else {
        let ports: Vec<String> = allocations.iter().map(|it| it.port.to_string()).collect();
        output::print(&ports.join("\n"))
    }))
}

/// The allocations, or the first failure that is one of its own: what was only not done because of
/// it comes with such a one.
fn allocations(answers: Vec<Result<Answer, Error>>) -> Result<Vec<Allocation>, Error> {
    answers
        .into_iter()
        .filter(|answer| !matches!(answer, Err(Error::NotApplied)))
        .filter_map(|answer| answer.map(Answer::into_allocation).transpose())
        .collect()
}
