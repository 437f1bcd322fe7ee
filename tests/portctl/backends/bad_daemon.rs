//! Servers that are not a daemon, or a broken one.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use crate::PORTCTL;
use serde_json::{Value, json};
use test_support::{Ran, Sandbox, free_block, free_port};

use super::fake_daemon::{IDENTITY, error_about, read_request, respond_with, response, serve_each};
use super::fixture::{PORTS, Portctl};

const BROKEN: &str = "error: the connection to [ADDRESS] closed before the response arrived";

#[test]
fn a_server_that_is_no_daemon_is_reported_in_one_line() {
    let not_a_daemon = "error: the server at [ADDRESS] is not port-registry";
    let json = r#"{"version":"9.9.9","pid":1,"store":"/x","range":"1-65535"}"#;
    for reply in [
        response(200, "", json),
        response(200, "", "ok"),
        response(404, "X-Port-Registry: yes\r\n", "{}"),
        response(302, "Location: http://127.0.0.1:1/\r\n", ""),
        "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000)),
    ] {
        assert_eq!(
            error_about(serve_each(respond_with(reply.clone()))),
            not_a_daemon,
            "{reply:.80}"
        );
    }
    let gone = SocketAddr::from(([127, 0, 0, 1], free_port()));
    assert_eq!(error_about(gone), "error: nothing listens at [ADDRESS]");
    let closes = serve_each(drop);
    assert_eq!(error_about(closes), BROKEN);
}

#[test]
fn unexpected_responses_of_a_daemon_are_reported_in_one_line() {
    let unexpected = "error: the daemon at [ADDRESS] sent an unexpected response, with status";
    for (status, body) in [
        (200, "<html>"),
        (200, "[]"),
        (200, ""),
        (500, "{}"),
        (404, "{}"),
    ] {
        let error = error_about(serve_each(respond_with(response(status, IDENTITY, body))));
        assert_eq!(error, format!("{unexpected} {status}"));
    }
    let truncated = format!("HTTP/1.1 200 OK\r\n{IDENTITY}Content-Length: 100\r\n\r\n{{");
    let truncated = serve_each(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(truncated.as_bytes());
    });
    assert_eq!(error_about(truncated), BROKEN);
}

#[test]
fn release_skips_an_allocation_that_vanished_since_it_was_listed() {
    let identity = r#"{"version":"9.9.9","pid":1,"store":"/x","range":"1-65535"}"#;
    let row = json!([{"id": 1, "app": "work", "instance": "default", "service": "web",
        "port": 3000, "created_at": "2026-01-01T12:00:00Z"}]);
    let gone = json!({"error": "gone", "code": "allocation_not_found", "request": 0});
    let mut batch = gone.clone();
    batch["errors"] = json!([gone]);
    for (problem, expected) in [
        (
            json!({"error": "allocation not found"}),
            "error: allocation not found",
        ),
        (batch, "error: another process has released them already"),
    ] {
        let row = row.to_string();
        let problem = problem.to_string();
        // Close after each response, because the server reads only one request per connection.
        let close = format!("{IDENTITY}Connection: close\r\n");
        let address = serve_each(move |stream| {
            let Some(line) = read_request(&stream) else {
                return;
            };
            let path = line.split(['?', ' ']).take(2).collect::<Vec<_>>().join(" ");
            let reply = match &*path {
                "GET /v1/daemon" => response(200, &close, identity),
                "GET /v1/allocations" => response(200, &close, &row),
                _ => response(404, &close, &problem),
            };
            let _ = (&stream).write_all(reply.as_bytes());
        });
        let sandbox = Sandbox::in_memory();
        let mut command = sandbox.command(PORTCTL);
        command.env("PORT_REGISTRY_ADDR", address.to_string());
        let ran = Ran::of(command.args(["release", "--yes"]));
        assert_eq!(ran.complained(1), expected);
    }
}

#[test]
fn an_endless_response_is_refused_at_64_mib() {
    let head = format!("HTTP/1.1 200 OK\r\n{IDENTITY}Content-Length: 100000000\r\n\r\n");
    let endless = serve_each(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b' '; 8192]).is_ok() {}
    });
    let error = error_about(endless);
    assert_eq!(
        error,
        "error: the response from [ADDRESS] is larger than 64 MiB"
    );
}

#[test]
fn a_server_that_does_not_answer_times_out() {
    let held = std::sync::Mutex::new(Vec::new());
    let silent = serve_each(move |stream| held.lock().unwrap().push(stream));
    // Sends a few bytes at a time, without an end.
    let dripping = serve_each(move |mut stream| {
        while stream.write_all(b"HTTP/1.1 200 OK\r\nX-").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    thread::scope(|scope| {
        for (address, is_silent) in [(silent, true), (dripping, false)] {
            scope.spawn(move || {
                let sandbox = Sandbox::in_memory();
                let mut command = sandbox.command(PORTCTL);
                command.env("PORT_REGISTRY_ADDR", address.to_string());
                let ran = Ran::of(command.args(["get", "web", "--json"]));
                let output: Value = serde_json::from_str(ran.complained(1)).unwrap();
                let expected = if is_silent {
                    format!("the server at {address} did not answer within 5 s")
                } else {
                    format!("the server at {address} is not port-registry")
                };
                assert_eq!(output["error"], expected);
            });
        }
    });
}

#[test]
fn proxy_variables_are_ignored() {
    let portctl = Portctl::over_http(free_block(PORTS));
    let proxy = serve_each(respond_with(response(200, "", "{}")));
    let mut command = portctl.command();
    for variable in [
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
    ] {
        command.env(variable, format!("http://{proxy}"));
    }
    let ran = Ran::of(command.args(["get", "web"]));
    assert_eq!(ran.printed(), portctl.first.to_string());
}

#[test]
fn an_address_with_more_than_host_and_port_is_refused() {
    let sandbox = Sandbox::in_memory();
    let run = |address: &str, args: &[&str]| {
        let mut command = sandbox.command(PORTCTL);
        Ran::of(command.env("PORT_REGISTRY_ADDR", address).args(args))
    };
    for args in [
        &["list"][..],
        &["health"],
        &["start"],
        &["stop"],
        &["status"],
        &["version"],
    ] {
        let ran = run("http://127.0.0.1:51234", args);
        assert_eq!(
            ran.complained(1),
            "error: PORT_REGISTRY_ADDR=http://127.0.0.1:51234 cannot be used: it must be a host and a \
             port without a scheme or a path, such as 127.0.0.1:51234 or, for the daemon of another user, \
             alice@127.0.0.1:51234; or the path of a socket, such as unix:/home/me/.port-registry/port-registry.sock"
        );
    }
    for address in [
        "localhost",
        ":1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "a b:1",
        "[::1]",
    ] {
        let ran = run(address, &["list"]);
        assert!(
            ran.complained(1).starts_with(&format!(
                "error: PORT_REGISTRY_ADDR={address} cannot be used: "
            )),
            "{address}"
        );
    }
    // An empty address counts as unset.
    run("", &["get", "web"]).printed();
    assert!(sandbox.store().exists());
}
