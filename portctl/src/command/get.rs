//! `portctl get`.

use port_registry::Port;

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::{PortWish, get_or_allocate, get_or_allocate_declared, print_notes};
use super::services::named;
use super::services::preferred::both_ports;
use crate::args::GetArgs;
use crate::backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::output;
use crate::report::Report;

pub(crate) fn run(args: GetArgs) -> CommandResult {
    let invocation = Invocation::new("get", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--json", args.json);
    let services = named::services(&invocation, args.words, args.service)?;
    let wish = wish(&invocation, &services, args.port, args.prefer)?;
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let got = if services.is_empty() {
        match get_or_allocate_declared(&*backend, &here, &invocation)? {
            Some(got) => got,
            None => return Err(named::no_service(&invocation)),
        }
    } else {
        get_or_allocate(&*backend, &here, &invocation, &services, wish)?
    };
    Ok(Done::Printed(if args.json {
        output::print_json(&got.allocations)
    } else {
        print_notes(&got.notes);
        let ports: Vec<String> = got
            .allocations
            .iter()
            .map(|it| it.port.to_string())
            .collect();
        output::print_lines(&ports.join("\n"))
    }))
}

/// Reads the flags for a port, of which a single service takes one.
fn wish(
    invocation: &Invocation,
    services: &[String],
    port: Option<Port>,
    prefer: Option<Port>,
) -> Result<PortWish, CommandError> {
    let Some(wished) = port.or(prefer) else {
        return Ok(PortWish::Any);
    };
    let Some(first) = services.first() else {
        return Err(named::no_service(invocation));
    };
    if port.is_some() && prefer.is_some() {
        return Err(both_ports(invocation, first, wished));
    }
    let flag = if port.is_some() { "--port" } else { "--prefer" };
    if services.len() > 1 {
        let line = format!("{} {flag} {wished}", invocation.with(&[first]));
        let report = Report::new(format!("{flag} is for a single service"));
        return Err(CommandError::Usage(
            report.hint(format!("give each its port on its own, as in `{line}`")),
        ));
    }
    Ok(PortWish::of_flags(port, prefer))
}
