//! `portctl get`.

use super::claiming::{get_or_allocate, get_or_allocate_declared, print_notes};
use super::invocation::Invocation;
use super::named;
use super::outcome::{CommandResult, Done};
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
    if let (Some(port), [first, _, ..]) = (args.port, &services[..]) {
        let line = invocation.with_port(first, port);
        let report = Report::new("--port is for a single service");
        return Err(CommandError::Usage(
            report.hint(format!("give each its port on its own, as in `{line}`")),
        ));
    }
    if services.is_empty() && args.port.is_some() {
        return Err(named::no_service(&invocation));
    }
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let got = if services.is_empty() {
        match get_or_allocate_declared(&*backend, &here, &invocation)? {
            Some(got) => got,
            None => return Err(named::no_service(&invocation)),
        }
    } else {
        get_or_allocate(&*backend, &here, &invocation, &services, args.port)?
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
