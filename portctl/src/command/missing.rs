//! Reports of services that have no port.

use port_registry::{Allocation, ServiceKey};

use super::invocation::Invocation;
use crate::report::Report;
use crate::service_name::{LikelyMeaning, likely_meaning};
use crate::suggestion;

/// Reports that a service has no port, and suggests a service of a similar name. `others` are allocations with the same
/// app and instance.
pub(super) fn report(invocation: &Invocation, key: &ServiceKey, others: &[Allocation]) -> Report {
    let services = others.iter().map(|it| it.key.service());
    let list = "`portctl list --all` shows all allocations";
    let hint = match suggestion::closest(key.service(), services) {
        Some(service) => format!("did you mean `{}`?", invocation.with(&[service])),
        None => match likely_meaning(key.service()) {
            Some(LikelyMeaning::Port(port)) => format!("did you mean `portctl check {port}`?"),
            Some(_) => list.to_owned(),
            None if invocation.command == "release" => list.to_owned(),
            None => {
                let get = invocation.of("get").with(&[key.service()]);
                format!("`{get}` gives it one, and {list}")
            }
        },
    };
    Report::new(format!("{key} has no port")).hint(hint)
}
