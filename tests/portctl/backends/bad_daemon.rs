//! Servers that are no daemon, or a bad one.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use crate::PORTCTL;
use serde_json::{Value, json};
use test_support::{Ran, Sandbox, free_block, free_port};

use super::fake_daemon::{IDENTITY, answer, answers, server, told_of, whole_request};
use super::fixture::{PORTS, Portctl};

const BROKEN: &str = "error: the connection to [ADDRESS] closed before the response arrived";

#[test]
fn what_is_no_daemon_is_told_in_one_line() {
    let stranger = "error: the server at [ADDRESS] is not port-registry";
    let json = r#"{"version":"9.9.9","pid":1,"store":"/x","range":"1-65535"}"#;
    for answer in [
        answer(200, "", json),
        answer(200, "", "ok"),
        answer(404, "X-Port-Registry: yes\r\n", "{}"),
        answer(302, "Location: http://127.0.0.1:1/\r\n", ""),
        "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000)),
    ] {
        assert_eq!(
            told_of(server(answers(answer.clone()))),
            stranger,
            "{answer:.80}"
        );
    }
    let gone = SocketAddr::from(([127, 0, 0, 1], free_port()));
    assert_eq!(told_of(gone), "error: nothing listens at [ADDRESS]");
    let closes = server(drop);
    assert_eq!(told_of(closes), BROKEN);
}

#[test]
fn what_a_bad_daemon_answers_is_told_in_one_line() {
    let rubbish = "error: port-registry at [ADDRESS] sent an unexpected response, with status";
    for (status, body) in [
        (200, "<html>"),
        (200, "[]"),
        (200, ""),
        (500, "{}"),
        (404, "{}"),
    ] {
        let told = told_of(server(answers(answer(status, IDENTITY, body))));
        assert_eq!(told, format!("{rubbish} {status}"));
    }
    let half = format!("HTTP/1.1 200 OK\r\n{IDENTITY}Content-Length: 100\r\n\r\n{{");
    let half = server(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(half.as_bytes());
    });
    assert_eq!(told_of(half), BROKEN);
}

#[test]
fn release_leaves_out_an_allocation_that_is_gone_since_it_was_listed() {
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
        (
            batch,
            "error: no allocation matches\nhint: `portctl list --all` shows all allocations",
        ),
    ] {
        let row = row.to_string();
        let problem = problem.to_string();
        // A connection for each request, so that the next one is not mixed up with its body.
        let close = format!("{IDENTITY}Connection: close\r\n");
        let address = server(move |stream| {
            let Some(line) = whole_request(&stream) else {
                return;
            };
            let reply = match line.split('?').next().unwrap_or_default() {
                "GET /v1/daemon HTTP/1.1" => answer(200, &close, identity),
                "GET /v1/allocations" => answer(200, &close, &row),
                _ => answer(404, &close, &problem),
            };
            let _ = (&stream).write_all(reply.as_bytes());
        });
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(PORTCTL);
        command.env("PORT_REGISTRY_ADDR", address.to_string());
        let ran = Ran::of(command.arg("release"));
        assert_eq!(ran.complained(1), expected);
    }
}

#[test]
fn an_answer_without_an_end_is_not_read_to_its_end() {
    let head = format!("HTTP/1.1 200 OK\r\n{IDENTITY}Content-Length: 100000000\r\n\r\n");
    let endless = server(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b' '; 8192]).is_ok() {}
    });
    let told = told_of(endless);
    assert_eq!(
        told,
        "error: the response from [ADDRESS] is larger than 64 MiB"
    );
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let held = std::sync::Mutex::new(Vec::new());
    let silent = server(move |stream| held.lock().unwrap().push(stream));
    // One that says a little each second.
    let dripping = server(move |mut stream| {
        while stream.write_all(b"HTTP/1.1 200 OK\r\nX-").is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
    thread::scope(|scope| {
        for (address, is_silent) in [(silent, true), (dripping, false)] {
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                let mut command = sandbox.command(PORTCTL);
                command.env("PORT_REGISTRY_ADDR", address.to_string());
                let ran = Ran::of(command.args(["get", "web", "--json"]));
                let told: Value = serde_json::from_str(ran.complained(1)).unwrap();
                let expected = if is_silent {
                    format!("the server at {address} did not answer within 5 s")
                } else {
                    format!("the server at {address} is not port-registry")
                };
                assert_eq!(told["error"], expected);
            });
        }
    });
}

#[test]
fn what_a_proxy_would_say_is_not_asked() {
    let portctl = Portctl::by_daemon(free_block(PORTS));
    let proxy = server(answers(answer(200, "", "{}")));
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
fn an_address_is_a_host_and_a_port_and_nothing_else() {
    let sandbox = Sandbox::new();
    let run = |address: &str, words: &[&str]| {
        let mut command = sandbox.command(PORTCTL);
        Ran::of(command.env("PORT_REGISTRY_ADDR", address).args(words))
    };
    for words in [
        &["list"][..],
        &["health"],
        &["start"],
        &["stop"],
        &["status"],
        &["version"],
    ] {
        let ran = run("http://127.0.0.1:51234", words);
        assert_eq!(
            ran.complained(1),
            "error: PORT_REGISTRY_ADDR=http://127.0.0.1:51234 cannot be used: it must be a host and a \
             port, such as 127.0.0.1:51234, without a scheme or a path"
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
    // An empty one is like none.
    run("", &["get", "web"]).printed();
    assert!(sandbox.store().exists());
}
