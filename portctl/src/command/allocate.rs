//! `portctl allocate`.

use super::{Done, Outcome, backend};
use crate::args::Allocate;
use crate::conflict;
use crate::failure::Failure;
use crate::names::Names;
use crate::output;
use crate::visible::visible;

pub(super) fn run(args: Allocate) -> Outcome {
    if args.adopt && args.port.is_none() {
        return Err(Failure::Usage(
            "--adopt needs the --port that the service listens on".to_owned(),
        ));
    }
    let mut claim = Names::new(args.app, args.instance).claim(&args.service)?;
    if let Some(port) = args.port {
        claim = claim.port(port);
    }
    if args.adopt {
        claim = claim.adopt();
    }
    let backend = backend()?;
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
