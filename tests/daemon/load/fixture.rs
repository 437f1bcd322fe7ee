//! Concurrent clients of a daemon.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use port_registry::Registry;
use serde_json::Value;
use test_support::Sandbox;
use test_support::daemon::{Daemon, Response};

/// Sends `requests` requests from `clients` clients, each on its own connection, and returns the
/// responses. All clients start at the same moment. `request` returns the request with a given number.
pub(super) fn send_concurrently(
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

/// Opens the daemon's store in process and verifies it.
pub(super) fn verified_registry(sandbox: &Sandbox) -> Registry {
    let registry = sandbox.registry();
    registry.verify().unwrap();
    registry
}

/// Returns the distinct numbers in a field of these allocations.
pub(super) fn distinct(values: &[Value], field: &str) -> BTreeSet<u64> {
    values
        .iter()
        .map(|value| value[field].as_u64().unwrap())
        .collect()
}
