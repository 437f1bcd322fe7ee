//! Many clients of a daemon.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use port_registry::Registry;
use serde_json::Value;
use test_support::Sandbox;
use test_support::daemon::{Daemon, Response};

/// Lets many clients, each on a connection of its own, ask at the same moment, and then again and
/// again until all has been asked. `request` tells what the client of this number asks next.
pub(super) fn all_at_once(
    daemon: &Daemon,
    clients: u32,
    requests: u32,
    request: impl Fn(u32) -> (&'static str, String) + Sync,
) -> Vec<Response> {
    let start = Barrier::new(clients as usize);
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = daemon.client();
                    start.wait();
                    let mut responses = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= requests {
                            return responses;
                        }
                        let (method, body) = request(number);
                        responses.push(client.ask(method, "/v1/allocations", &body));
                    }
                })
            })
            .collect();
        let responses = clients.into_iter().map(|client| client.join().unwrap());
        responses.flatten().collect()
    })
}

pub(super) fn claim(instance: &str, service: u32, rest: &str) -> String {
    format!(r#"{{"app":"shop","instance":"{instance}","service":"service-{service}"{rest}}}"#)
}

/// The store as the daemon left it, in process.
pub(super) fn registry(sandbox: &Sandbox) -> Registry {
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    registry.verify().unwrap();
    registry
}

pub(super) fn numbers(values: &[Value], field: &str) -> BTreeSet<u64> {
    values
        .iter()
        .map(|value| value[field].as_u64().unwrap())
        .collect()
}
