//! Fuzzing of the access control.

use actix_web::dev::RequestHead;
use actix_web::http::header::{HOST, HeaderValue, ORIGIN};

use crate::connection::access;
use crate::host_names::HostNames;

/// Checks the access of a request. Only the daemon's own names are allowed. The first line of the data is
/// the `Host`, the rest the `Origin`.
pub fn host(data: &[u8]) {
    const PORT: u16 = 51234;
    let mut parts = data.splitn(2, |&byte| byte == b'\n');
    let mut head = RequestHead::default();
    for (name, value) in [HOST, ORIGIN].into_iter().zip(&mut parts) {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return;
        };
        head.headers.insert(name, value);
    }
    if access::check(&head, PORT, HostNames::Loopback).is_err() {
        return;
    }
    let value = |name| {
        head.headers
            .get(name)
            .map(|value| value.to_str().expect("an allowed field is ASCII"))
    };
    let (name, port) = name_and_port(value(HOST).expect("an allowed request has a host"));
    assert!(is_loopback(name), "{name:?}");
    assert!(
        port.is_none_or(|port| port.parse::<u16>().is_ok()),
        "{port:?}"
    );
    if let Some(origin) = value(ORIGIN) {
        let (name, port) = name_and_port(
            origin
                .strip_prefix("http://")
                .expect("an allowed origin is HTTP"),
        );
        assert!(is_loopback(name), "{name:?}");
        assert_eq!(
            port.expect("an allowed origin has a port").parse(),
            Ok(PORT)
        );
    }
}

fn is_loopback(name: &str) -> bool {
    let names = ["127.0.0.1", "localhost", "[::1]"];
    names.iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn name_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}
