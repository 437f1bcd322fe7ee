//! Checks that this process may bind ports, which proves that they are available.

use port_registry::{Builder, Port, Probe, SystemProbe, Verdict};

use super::finding::{Finding, Issue};
use crate::environment;
use crate::sandbox;

const CHECK: &str = "ports";

/// The first port that a registry allocates without a range of its own.
const USUAL_FIRST: u16 = 3000;
/// The number of ports that are probed where the system may not choose one.
const MAX_PROBED: u16 = 16;

pub(super) fn check() -> Finding {
    if sandbox::may_bind() || binds_in_range() {
        return Finding::ok(CHECK, "this process may bind ports");
    }
    let problem = sandbox::NO_BINDING;
    if environment::is_address_named() {
        return Finding::ok(CHECK, format!("{problem}; the daemon does so instead"));
    }
    Issue::problem(format!(
        "{problem}, so `get` cannot prove that a port is available, and allocates none; allocated ports can be read"
    ))
    .hint(sandbox::NEXT_STEP)
    .of(CHECK)
}

/// Tests if one of the first ports of the range can be bound, because a sandbox may allow ports by their numbers.
fn binds_in_range() -> bool {
    let range = Builder::from_env().ok().and_then(|it| it.range());
    let (first, last) = match range {
        Some(range) => (range.first().get(), range.last().get()),
        None => (USUAL_FIRST, u16::MAX),
    };
    let ports = (first..=last).take(usize::from(MAX_PROBED));
    let mut ports = ports.filter_map(|it| Port::new(it).ok());
    ports.any(|it| matches!(SystemProbe.probe(it), Ok(Verdict::Free)))
}
