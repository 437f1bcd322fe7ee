//! Access rules: local programs are accepted, requests from web pages are refused.

use serde_json::json;
use test_support::Sandbox;
use test_support::daemon::Daemon;

const CLAIM: &str = r#"{"app":"shop","instance":"main","service":"web"}"#;

/// Sends one request of each kind with these headers, each on its own connection, and returns the
/// status codes.
fn statuses(daemon: &Daemon, headers: &[&str]) -> Vec<u16> {
    [
        ("POST", "/v1/allocations", CLAIM),
        ("PUT", "/v1/allocations", CLAIM),
        ("DELETE", "/v1/allocations", r#"{"app":"kept"}"#),
        ("PATCH", "/v1/allocations/1", "{}"),
        ("DELETE", "/v1/allocations/1", ""),
        ("GET", "/v1/allocations", ""),
        ("OPTIONS", "/v1/allocations", ""),
        ("GET", "/nowhere", ""),
    ]
    .into_iter()
    .map(|(method, path, body)| {
        let response = daemon.client().ask_with(method, path, headers, body);
        assert!(!response.head.to_lowercase().contains("access-control"));
        assert!(response.header("x-port-registry").is_some());
        response.json(response.status);
        response.status
    })
    .collect()
}

#[test]
fn requests_from_web_pages_are_refused_and_change_nothing() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let kept = r#"{"app":"kept","instance":"main","service":"web"}"#;
    let kept = daemon.ask("POST", "/v1/allocations", kept).json(201);
    let port = daemon.address.port();
    let other_port = if port == 65535 { 1 } else { port + 1 };
    let host = format!("Host: localhost:{port}");
    let origins = [
        "null".to_owned(),
        "http://evil.example".to_owned(),
        format!("http://evil.example:{port}"),
        format!("https://localhost:{port}"),
        format!("http://localhost:{other_port}"),
        format!("http://127.0.0.1.evil.example:{port}"),
        format!("http://localhost:{port}/"),
        format!("http://localhost:{port}, http://evil.example"),
        "http://localhost".to_owned(),
        "file://".to_owned(),
        String::new(),
    ];
    for origin in origins {
        let origin = format!("Origin: {origin}");
        assert_eq!(statuses(&daemon, &[&host, &origin]), [403; 8], "{origin}");
    }
    for site in ["cross-site", "same-site", "x", ""] {
        let site = format!("Sec-Fetch-Site: {site}");
        assert_eq!(statuses(&daemon, &[&host, &site]), [403; 8], "{site}");
        let own = format!("Origin: http://localhost:{port}");
        assert_eq!(statuses(&daemon, &[&host, &own, &site]), [403; 8], "{site}");
    }
    // One foreign origin among several is enough to refuse.
    let own = format!("Origin: http://localhost:{port}");
    let two = [&*host, &own, "Origin: http://evil.example"];
    assert_eq!(statuses(&daemon, &two), [403; 8]);
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed, json!([kept]));
}

#[test]
fn foreign_host_names_are_refused_despite_proxy_headers() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let kept = r#"{"app":"kept","instance":"main","service":"web"}"#;
    let kept = daemon.ask("POST", "/v1/allocations", kept).json(201);
    for host in [
        "evil.example",
        "evil.example:51234",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.2",
        "0.0.0.0",
        "[::]",
        "localhost:",
        "localhost:port",
        "localhost@evil.example",
        "2130706433",
        "",
    ] {
        let host = format!("Host: {host}");
        let forwarded = [
            &*host,
            "X-Forwarded-Host: localhost",
            "Forwarded: host=localhost",
        ];
        assert_eq!(statuses(&daemon, &[&host]), [403; 8], "{host}");
        assert_eq!(statuses(&daemon, &forwarded), [403; 8], "{host}");
    }
    // A host name in the request line counts too, and HTTP/1.0 clients must send one as well.
    for head in [
        "DELETE http://evil.example/v1/allocations/1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "DELETE /v1/allocations/1 HTTP/1.0\r\n\r\n",
    ] {
        let mut client = daemon.client();
        client.send(head.as_bytes());
        client.receive("DELETE").json(403);
    }
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed, json!([kept]));
}

#[test]
fn any_loopback_name_and_port_is_accepted_as_host() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let port = daemon.address.port();
    // Host names are compared case-insensitively.
    let own = ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"];
    for host in own {
        for host in [
            host.to_owned(),
            format!("{host}:{port}"),
            format!("{host}:80"),
        ] {
            let host = format!("Host: {host}");
            let forwarded = [&*host, "X-Forwarded-Host: evil.example"];
            let mut client = daemon.client();
            for headers in [&[&*host][..], &forwarded] {
                client
                    .ask_with("GET", "/v1/allocations", headers, "")
                    .json(200);
            }
        }
    }
    // Headers of Node's fetch, and of a browser that opens the daemon's address directly.
    for header in [
        "Sec-Fetch-Mode: cors".to_owned(),
        "Sec-Fetch-Site: none".to_owned(),
        "Sec-Fetch-Site: same-origin".to_owned(),
        format!("Origin: http://localhost:{port}"),
        format!("Origin: http://LocalHost:{port}"),
        format!("Origin: http://127.0.0.1:{port}"),
        format!("Origin: http://[::1]:{port}"),
    ] {
        let headers = ["Host: localhost", &header];
        let mut client = daemon.client();
        client
            .ask_with("GET", "/v1/allocations", &headers, "")
            .json(200);
    }
}
