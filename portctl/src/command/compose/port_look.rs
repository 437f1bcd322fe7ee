//! A look at the ports of a project before its containers start, because Docker does not say who has a port.

use port_registry::{
    Allocation, Listener, PortUsage, PortUse, Probe, ServiceState, SystemProbe, Verdict,
};

use super::super::servers::server_report::described;
use crate::backend::Backend;
use crate::server::Server;
use crate::whose::Whose;

/// Notes the ports that something else uses than containers of the checkout. An error counts as nothing, because Docker
/// finds out.
pub(super) fn notes(backend: &dyn Backend, allocations: &[Allocation]) -> Vec<String> {
    let is_busy = |it: &&Allocation| matches!(SystemProbe.probe(it.port), Ok(Verdict::Busy));
    let busy: Vec<Allocation> = allocations.iter().filter(is_busy).cloned().collect();
    if busy.is_empty() {
        return Vec::new();
    }
    // One look at all processes is enough for the containers that are up.
    let statuses = backend.status(busy).unwrap_or_default().into_iter();
    let others = statuses.filter(|it| {
        let listener = it.listener.as_ref();
        it.state != ServiceState::Up || listener.is_none_or(|it| it.container.is_none())
    });
    let notes = others.filter_map(|it| note(backend, &it.allocation));
    notes.collect()
}

fn note(backend: &dyn Backend, allocation: &Allocation) -> Option<String> {
    let in_use = backend.check(allocation.port).ok()?.in_use?;
    let owner = Whose::of(&in_use, allocation.dir.as_deref());
    is_in_the_way(&owner, &in_use).then(|| {
        let server = Server {
            addresses: Vec::new(),
            in_use,
            owner,
        };
        described(allocation, &server)
    })
}

fn is_in_the_way(owner: &Whose, in_use: &PortUse) -> bool {
    let listener = in_use.listener.as_ref();
    match owner {
        Whose::Foreign(_) | Whose::Daemon => true,
        // A port that is forwarded to an unknown container is most likely that of the project's own.
        Whose::Unknown(_) => {
            let is_forwarder = listener.is_some_and(Listener::is_forwarder);
            in_use.usage != PortUsage::Forwarded && !is_forwarder
        }
        Whose::Ours => listener.is_some_and(|it| it.container.is_none()),
        Whose::Nobody => false,
    }
}

#[cfg(test)]
mod tests {
    use port_registry::PortUse;
    use serde_json::json;

    use super::is_in_the_way;
    use crate::whose::Whose;

    #[test]
    fn only_what_may_be_a_container_of_the_project_is_in_nobodys_way() {
        let foreign = Whose::Foreign("it belongs to another checkout, /blog".to_owned());
        let unknown = Whose::Unknown("its checkout is unknown".to_owned());
        for (owner, usage, listener, expected) in [
            (
                &foreign,
                "forwarded",
                json!({"container": "blog-db-1"}),
                true,
            ),
            (&unknown, "listening", json!({"pid": 7}), true),
            (&unknown, "forwarded", json!(null), false),
            (
                &unknown,
                "listening",
                json!({"process": "docker-proxy"}),
                false,
            ),
            (
                &Whose::Ours,
                "forwarded",
                json!({"container": "shop-db-1"}),
                false,
            ),
            (&Whose::Ours, "listening", json!({"pid": 7}), true),
            (&Whose::Nobody, "closing", json!(null), false),
        ] {
            let in_use = json!({"usage": usage, "listener": listener});
            let in_use: PortUse = serde_json::from_value(in_use).unwrap();
            assert_eq!(is_in_the_way(owner, &in_use), expected, "{owner:?} {usage}");
        }
    }
}
