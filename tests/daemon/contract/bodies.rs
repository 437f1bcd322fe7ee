//! Bodies, and bytes that are no HTTP.

use std::net::Shutdown;

use serde_json::json;

use super::session::Talk;

#[test]
fn a_body_of_64_kib_is_read_and_a_larger_one_is_not() {
    let talk = Talk::new();
    let claim = r#"{"app":"shop","instance":"main","service":"web"}"#;
    let padded = |length: usize| format!("{claim}{}", " ".repeat(length - claim.len()));
    let path = "/v1/allocations";
    talk.daemon.ask("POST", path, &padded(65536)).json(201);
    let refused = talk.daemon.ask("POST", path, &padded(65537)).json(413);
    assert_eq!(
        refused,
        json!({ "error": "the body is larger than 65536 bytes", "code": "too_large" })
    );
    // One whose length is not told beforehand.
    let mut client = talk.daemon.client();
    client.send(
        b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    for _ in 0..17 {
        client.send(format!("1000\r\n{}\r\n", " ".repeat(4096)).as_bytes());
    }
    assert_eq!(client.receive("POST").json(413), refused);
}

#[test]
fn bodies_come_in_every_way_that_http_has() {
    let talk = Talk::new();
    let claim =
        |service: &str| format!(r#"{{"app":"shop","instance":"main","service":"{service}"}}"#);
    // In chunks.
    let mut client = talk.daemon.client();
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

    // After a question whether it is wanted, as curl asks for larger ones.
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

    // Several requests at once, the answers to which come in their order.
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

    // From a client that has nothing more to say, but listens.
    let mut client = talk.daemon.client();
    client.send(get.as_bytes());
    client.stream().shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.receive("GET").json(200), json!([made]));

    // With more behind it than the client itself had announced, which is not carried out.
    let mut client = talk.daemon.client();
    let body = claim("unannounced");
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.post(&body);
    let told = client.receive("GET");
    told.json(200);
    assert_eq!(told.header("connection"), Some("close"));
    let made = talk
        .daemon
        .ask("GET", "/v1/allocations?service=unannounced", "");
    assert_eq!(made.json(200), json!([]));

    // Nor is what comes in one piece with it, however much that is.
    let mut client = talk.daemon.client();
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.send(format!("{last}{get}{get}{get}").as_bytes());
    client.receive("GET").json(200);
    while let Ok(refused) = client.try_receive("GET") {
        refused.json(503);
        assert_eq!(refused.header("connection"), Some("close"));
    }

    // With an offer of another protocol, which is declined.
    let mut client = talk.daemon.client();
    let offer = [
        "Host: localhost",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
    ];
    let declined = client.ask_with("GET", "/healthz", &offer, "");
    declined.json(200);
    assert_eq!(declined.header("connection"), Some("close"));

    // By an older version of the protocol.
    let mut client = talk.daemon.client();
    client.send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
    client.receive("GET").json(200);
    assert!(client.is_closed());
}

#[test]
fn what_is_no_http_is_told_so_in_json_and_the_connection_closed() {
    let talk = Talk::new();
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
        let mut client = talk.daemon.client();
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
    // Behind a request that is one.
    let mut client = talk.daemon.client();
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n");
    client.receive("GET").json(200);
    let response = client.receive("GET");
    assert_eq!(
        response.json(400),
        json!({ "error": "malformed HTTP request", "code": "invalid_request" })
    );
    assert!(client.is_closed());
    talk.daemon.ask("GET", "/healthz", "").json(200);
}
