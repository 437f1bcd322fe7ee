//! Checks that this process may bind ports, which proves that they are available.

use super::finding::{Finding, Issue};
use crate::environment;
use crate::sandbox;

const CHECK: &str = "ports";

pub(super) fn check() -> Finding {
    if sandbox::may_bind() {
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
