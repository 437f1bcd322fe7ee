//! `portctl allocate`.

use port_registry::{Claim, ListenerPolicy};

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::services::claiming::{PortWish, claims, note_of_mark, print_notes};
use super::services::named;
use super::services::new_services;
use crate::args::AllocateArgs;
use crate::backend;
use crate::checkout::{Here, TypedLabels, with_marks};
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible, wording};

pub(crate) fn run(args: AllocateArgs) -> CommandResult {
    let invocation = Invocation::new("allocate", args.app.as_deref(), args.instance.as_deref())
        .with_switch("--adopt", args.adopt)
        .with_switch("--json", args.json);
    let services = named::services(&invocation, args.words, args.service)?;
    let service = named::one_service(&invocation, &services)?;
    if args.adopt && args.port.is_none() {
        return Err(CommandError::usage(
            "--adopt needs the --port that the service listens on",
        ));
    }
    let typed = TypedLabels::new(args.app, args.instance)?;
    let backend = backend::open()?;
    let here = Here::new(&*backend, typed);
    let services = [service.as_str()];
    let held = here.held(&service)?;
    // The conflict names another checkout, but not the variable that is set by mistake.
    here.refuse_variable_for(held.as_slice())?;
    new_services::check(&here, &invocation, &services)?;
    let is_first = here.name().is_none();
    let policy = if args.adopt {
        ListenerPolicy::Adopt
    } else {
        ListenerPolicy::Refuse
    };
    let (claims, outcome) = with_marks(
        |length| {
            let claims = claims(
                &here,
                &services,
                PortWish::of_flags(args.port, None),
                length,
            )?;
            if let Some(port) = args.port.filter(|_| args.adopt) {
                for claim in &claims {
                    conflict::refuse_foreign(&*backend, port, claim.dir())?;
                }
            }
            let claims = claims.into_iter();
            Ok(claims.map(|it| it.with_listener_policy(policy)).collect())
        },
        |claims: &[Claim]| backend.allocate(&claims.iter().collect::<Vec<_>>()),
    )?;
    let allocation = conflict::first_allocated(&*backend, &claims, outcome)?;
    new_services::undo_clash(&*backend, &here, &invocation, &services, &[&allocation])?;
    let marked = claims
        .first()
        .filter(|_| is_first)
        .and_then(|claim| note_of_mark(&*backend, claim, &allocation));
    let other = held.filter(|_| !here.typed().are_given()).map(|held| {
        format!(
            "{} of this checkout has port {} already, which `portctl get{}` prints on other branches",
            held.key,
            held.port,
            wording::service(held.key.service())
        )
    });
    let notes: Vec<String> = marked.into_iter().chain(other).collect();
    Ok(Done::Printed(if args.json {
        output::print_json(&allocation)
    } else {
        let key = allocation.key.to_string();
        output::print(&format!(
            "allocated port {} for {}",
            allocation.port,
            visible(&key)
        ))
        .map(|()| print_notes(&notes))
    }))
}
