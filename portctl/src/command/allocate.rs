//! `portctl allocate`.

use std::slice;

use port_registry::ListenerPolicy;

use super::invocation::Invocation;
use super::outcome::{CommandResult, Done};
use super::{named, new_services};
use crate::args::AllocateArgs;
use crate::backend;
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible};

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
    let mut claim = CheckoutNames::new(args.app, args.instance).claim(&service)?;
    if let Some(port) = args.port {
        claim = claim.with_port(port);
    }
    if args.adopt {
        claim = claim.with_listener_policy(ListenerPolicy::Adopt);
    }
    let backend = backend::open()?;
    let claims = slice::from_ref(&claim);
    new_services::check(&*backend, &invocation, claims)?;
    let allocation = conflict::allocate(&*backend, &claim)?;
    new_services::undo_clash(&*backend, &invocation, claims, &[&allocation])?;
    Ok(Done::Printed(if args.json {
        output::print_json(&allocation)
    } else {
        let key = allocation.key.to_string();
        output::print(&format!(
            "allocated port {} for {}",
            allocation.port,
            visible(&key)
        ))
    }))
}
