//! Request bodies and framing, and malformed HTTP.

use std::net::Shutdown;

use serde_json::json;

use super::session::Session;

#[test]
fn bodies_are_limited_to_64_kib() {
    let session = Session::new();
    let claim = r#"{"app":"shop","instance":"main","service":"web"}"#;
    let padded = |length: usize| format!("{claim}{}", " ".repeat(length - claim.len()));
    let path = "/v1/allocations";
    session.daemon.ask("POST", path, &padded(65536)).json(201);
    let refused = session.daemon.ask("POST", path, &padded(65537)).json(413);
    assert_eq!(
        refused,
        json!({ "error": "the body is larger than 65536 bytes", "code": "too_large" })
    );
    // A body of undeclared length.
    let mut client = session.daemon.client();
    client.send(
        b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    for _ in 0..17 {
        client.send(format!("1000\r\n{}\r\n", " ".repeat(4096)).as_bytes());
    }
    assert_eq!(client.receive("POST").json(413), refused);
}

#[test]
fn every_framing_of_http_1_is_understood() {
    let session = Session::new();
    let claim =
        |service: &str| format!(r#"{{"app":"shop","instance":"main","service":"{service}"}}"#);
    // Chunked.
    let mut client = session.daemon.client();
    client.send(
        b"PUT /v1/allocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    for piece in claim("chunks").as_bytes().chunks(7) {
        client.send(format!("{:x}\r\n", piece.len()).as_bytes());
        client.send(piece);
        client.send(b"\r\n");
    }
    client.send(b"0\r\n\r\n");
    client.receive("PUT").json(201);

    // With `Expect: 100-continue`, which curl sends before larger bodies.
    let body = claim("expected");
    let head = format!(
        "POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    client.send(head.as_bytes());
    assert_eq!(client.receive("HEAD").status, 100);
    client.send(body.as_bytes());
    client.receive("POST").json(201);

    // Pipelined requests are answered in order.
    let body = claim("pipelined");
    let request = format!(
        "POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let get = "GET /v1/allocations?service=pipelined HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(format!("{request}{get}{request}").as_bytes());
    let made = client.receive("POST").json(201);
    assert_eq!(client.receive("GET").json(200), json!([made]));
    client.receive("POST").json(409);

    // A client that has shut down its sending half.
    let mut client = session.daemon.client();
    client.send(get.as_bytes());
    client.stream().shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.receive("GET").json(200), json!([made]));

    // A request after `Connection: close` is not carried out.
    let mut client = session.daemon.client();
    let body = claim("unannounced");
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.post(&body);
    let last_response = client.receive("GET");
    last_response.json(200);
    assert_eq!(last_response.header("connection"), Some("close"));
    let made = session
        .daemon
        .ask("GET", "/v1/allocations?service=unannounced", "");
    assert_eq!(made.json(200), json!([]));

    // Nor are further requests in the same packet, however many.
    let mut client = session.daemon.client();
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(format!("{last}{get}{get}{get}").as_bytes());
    client.receive("GET").json(200);
    while let Ok(refused) = client.try_receive("GET") {
        refused.json(503);
        assert_eq!(refused.header("connection"), Some("close"));
    }

    // An offer to upgrade the protocol is declined.
    let mut client = session.daemon.client();
    let offer = [
        "Host: localhost",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
    ];
    let declined = client.ask_with("GET", "/healthz", &offer, "");
    declined.json(200);
    assert_eq!(declined.header("connection"), Some("close"));

    // HTTP/1.0.
    let mut client = session.daemon.client();
    client.send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
    client.receive("GET").json(200);
    assert!(client.is_closed());
}

#[test]
fn malformed_http_gets_a_json_error_and_a_closed_connection() {
    let session = Session::new();
    let long_head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(200_000));
    for (bytes, status, error) in [
        ("\u{16}\u{3}\u{1}\r\n\r\n", 400, "malformed HTTP request"),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", 400, "malformed HTTP request"),
        (
            "GET /healthz HTTP/1.1\r\n\r\n",
            400,
            "malformed HTTP request",
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            400,
            "malformed HTTP request",
        ),
        (
            "GET /health z HTTP/1.1\r\nHost: localhost\r\n\r\n",
            400,
            "malformed HTTP request",
        ),
        (
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
            400,
            "malformed HTTP request",
        ),
        (
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "malformed HTTP request",
        ),
        (&long_head, 431, "the request's head is too large"),
    ] {
        let mut client = session.daemon.client();
        client.send(bytes.as_bytes());
        let response = client.receive("GET");
        let code = if status == 400 {
            "invalid_request"
        } else {
            "too_large"
        };
        assert_eq!(
            response.json(status),
            json!({ "error": error, "code": code }),
            "{bytes:.60}"
        );
        assert!(response.header("x-port-registry").is_some());
        assert!(client.is_closed());
    }
    // Malformed bytes after a valid request.
    let mut client = session.daemon.client();
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n");
    client.receive("GET").json(200);
    let response = client.receive("GET");
    assert_eq!(
        response.json(400),
        json!({ "error": "malformed HTTP request", "code": "invalid_request" })
    );
    assert!(client.is_closed());
    session.daemon.ask("GET", "/healthz", "").json(200);
}
