//! `portctl list`.

use std::collections::BTreeMap;

use port_registry::{Allocation, Port};

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::servers::state_notes;
use super::servers::state_notes::Scope;
use super::services::missing;
use super::services::named;
use super::services::named::Named;
use crate::args::ListArgs;
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::output::{self, visible};

pub(crate) fn run(args: ListArgs) -> CommandResult {
    let invocation = Invocation::new("list", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--all", args.all)
        .with_option("--port", args.port)
        .with_switch("--json", args.json);
    let wanted = named::services_and_ports(&invocation, &args.words, args.service, args.port)?;
    let mut typed = TypedLabels::new(args.app, args.instance)?;
    if args.all {
        // Variables that are set for all commands do not narrow it.
        typed = typed.of_flags();
    }
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let listed = Listed::of(&here, &*backend, args.all)?;
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for selected in selected(&wanted, args.port) {
        let matching: Vec<Allocation> = listed.matching(selected).cloned().collect();
        if matching.is_empty() && !args.json {
            missing.push(nothing_matches(&here, &invocation, selected)?);
        }
        found.extend(matching.into_iter().map(|it| (it.id, it)));
    }
    let allocations: Vec<Allocation> = found.into_values().collect();
    if !args.all {
        missing.extend(here.notes_of_others(&allocations)?);
    }
    let is_empty = allocations.is_empty();
    let statuses = if is_empty {
        Vec::new()
    } else {
        backend.status(allocations)?
    };
    if args.json {
        return Ok(Done::Printed(output::print_json(&statuses)));
    }
    missing.extend(state_notes::of(
        scope(&here, &invocation),
        &invocation,
        &statuses,
    ));
    let printed = if is_empty {
        Ok(())
    } else if args.all {
        output::print_by_checkout(&statuses)
    } else {
        output::print_allocations(&statuses)
    };
    // In place of a result, the sentence is no note beside it.
    let remark = if is_empty {
        output::remark
    } else {
        output::note
    };
    Ok(Done::Printed(printed.and_then(|()| {
        missing.iter().try_for_each(|it| remark(&visible(it)))
    })))
}

fn scope(here: &Here, invocation: &Invocation) -> Scope {
    let typed = here.typed();
    let is_of_app = typed.app().is_some() && typed.instance().is_none();
    if invocation.has_switch("--all") || is_of_app {
        Scope::Several
    } else {
        Scope::OneCheckout
    }
}

/// A service or a port that the command line names.
type Selected<'a> = (Option<&'a str>, Option<Port>);

/// Returns each service and port that is named, or a single selection of all. With `port`, all select only this port.
fn selected(wanted: &Named, port: Option<Port>) -> Vec<Selected<'_>> {
    if wanted.is_empty() {
        return vec![(None, port)];
    }
    let services = wanted.services.iter().map(|it| (Some(it.trim()), port));
    let ports = wanted.ports.iter().map(|it| (None, Some(*it)));
    services.chain(ports).collect()
}

/// The allocations that are listed if neither a service nor a port is named.
struct Listed(Vec<Allocation>);

impl Listed {
    fn of(here: &Here, backend: &dyn Backend, is_of_all: bool) -> Result<Listed, CommandError> {
        let filter = if is_of_all {
            here.typed().filter()
        } else {
            match here.typed_filter()? {
                Some(filter) => filter,
                None => return Ok(Listed(here.all()?)),
            }
        };
        let found = backend.list(&filter)?;
        here.refuse_variable_for(&found)?;
        Ok(Listed(found))
    }

    fn matching(&self, (service, port): Selected<'_>) -> impl Iterator<Item = &Allocation> {
        self.0.iter().filter(move |it| {
            service.is_none_or(|service| service == it.key.service())
                && port.is_none_or(|port| port == it.port)
        })
    }
}

/// Tells that no allocation matches, and the next step.
fn nothing_matches(
    here: &Here,
    invocation: &Invocation,
    (service, port): Selected<'_>,
) -> Result<String, CommandError> {
    let is_of_all = invocation.has_switch("--all");
    let typed = here.typed();
    let owner = if is_of_all {
        let names: Vec<&str> = typed.app().into_iter().chain(typed.instance()).collect();
        names.join("/")
    } else {
        here.owner()?
    };
    let is_of_one = scope(here, invocation) == Scope::OneCheckout;
    Ok(match (service, port) {
        (None, None) if owner.is_empty() => "no allocations".to_owned(),
        (Some(service), None) if owner.is_empty() => format!("no allocations of {service}"),
        (_, Some(port)) if owner.is_empty() => format!("port {port} is not allocated"),
        (_, Some(port)) => {
            format!(
                "port {port} is not allocated to {owner}; `portctl check {port}` shows who has it"
            )
        }
        (Some(service), None) if is_of_one => {
            let report = missing::report(invocation, here, service)?;
            format!("{}; {}", report.error, report.hint.unwrap_or_default())
        }
        (Some(service), None) if is_of_all => format!("no allocations of {owner}/{service}"),
        _ if is_of_all => format!("no allocations of {owner}"),
        _ => format!("no allocations of {owner}; `portctl list --all` shows those of others"),
    })
}
