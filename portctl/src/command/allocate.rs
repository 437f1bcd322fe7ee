//! `portctl allocate`.

use port_registry::ListenerPolicy;

use super::outcome::{CommandResult, Done};
use crate::args::AllocateArgs;
use crate::backend;
use crate::checkout::CheckoutNames;
use crate::command_error::CommandError;
use crate::conflict;
use crate::output::{self, visible};

pub(crate) fn run(args: AllocateArgs) -> CommandResult {
    if args.adopt && args.port.is_none() {
        return Err(CommandError::Usage(
            "--adopt needs the --port that the service listens on".to_owned(),
        ));
    }
    let mut claim = CheckoutNames::new(args.app, args.instance).claim(&args.service)?;
    if let Some(port) = args.port {
        claim = claim.with_port(port);
    }
    if args.adopt {
        claim = claim.with_listener_policy(ListenerPolicy::Adopt);
    }
    let backend = backend::open()?;
    let allocation = conflict::allocate(&*backend, &claim)?;
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
