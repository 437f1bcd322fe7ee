//! Checks that this process may bind ports, which proves that they are available.

use std::io::ErrorKind;

use port_registry::{Builder, Port, Probe, SystemProbe, Verdict};

use super::finding::{Finding, Issue};
use crate::environment;
use crate::sandbox;

const CHECK: &str = "ports";

/// The first port that a registry allocates without a range of its own.
const USUAL_FIRST: u16 = 3000;
/// The number of ports that are probed. A sandbox may allow some by their numbers.
const MAX_PROBED: u16 = 16;

pub(super) fn check() -> Finding {
    if !is_refused() {
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

/// Tests if this process may bind neither one of the first ports of the range nor one that the system chooses.
fn is_refused() -> bool {
    let range = Builder::from_env().ok().and_then(|it| it.range());
    let (first, last) = match range {
        Some(range) => (range.first().get(), range.last().get()),
        None => (USUAL_FIRST, u16::MAX),
    };
    let ports = (first..=last).take(usize::from(MAX_PROBED));
    let mut is_refused = false;
    for port in ports.filter_map(|it| Port::new(it).ok()) {
        match SystemProbe.probe(port) {
            Ok(Verdict::Free | Verdict::Denied) => return false,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => is_refused = true,
            // It tells nothing about binding.
            Ok(Verdict::Busy) | Err(_) => {}
        }
    }
    is_refused
}
