//! Every request that the API knows, and what is answered: to clients of the Go server as they are,
//! and to those that make mistakes.

use std::fmt::Write as _;
use std::net::{Shutdown, TcpListener};

use insta::assert_snapshot;
use serde_json::json;
use test_support::daemon::{Client, Daemon, Response};
use test_support::{Sandbox, free_block, listener};

/// How many ports there are to choose from.
const PORTS: u16 = 4;

/// A daemon that chooses from a few ports, and what was said to it.
struct Talk {
    sandbox: Sandbox,
    daemon: Daemon,
    first: u16,
    transcript: String,
}

impl Talk {
    fn new() -> Talk {
        let sandbox = Sandbox::new();
        let first = free_block(PORTS);
        let range = format!("{first}-{}", first + PORTS - 1);
        let daemon = Daemon::start_with(&sandbox, &["--range", &range]);
        Talk {
            sandbox,
            daemon,
            first,
            transcript: String::new(),
        }
    }

    /// A port of those that are chosen from.
    fn port(&self, offset: u16) -> u16 {
        self.first + offset
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Response {
        let response = self.daemon.ask(method, path, body);
        self.note(&format!("{method} {path} {body}"), &response);
        response
    }

    fn note(&mut self, request: &str, response: &Response) {
        let text = &mut self.transcript;
        writeln!(text, "> {}", request.trim_end()).unwrap();
        write!(text, "{}", response.status).unwrap();
        for field in ["location", "allow"] {
            if let Some(value) = response.header(field) {
                write!(text, " {field}: {value}").unwrap();
            }
        }
        writeln!(text, "\n{}", response.body).unwrap();
        assert_eq!(response.header("content-type"), Some("application/json"));
        let identity = format!(
            "{}; pid={}",
            env!("CARGO_PKG_VERSION"),
            self.daemon.child.id()
        );
        assert_eq!(response.header("x-port-registry"), Some(&*identity));
        assert!(!response.head.to_lowercase().contains("access-control"));
    }

    /// Compares the transcript with its snapshot, with what differs from run to run put in general
    /// terms.
    fn compare(self, name: &str) {
        let mut settings = test_support::snapshots::settings();
        settings.add_filter(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        settings.add_filter(
            &format!(r#""pid":{},"process":"[^"]*""#, std::process::id()),
            r#""pid":[PID],"process":"[PROCESS]""#,
        );
        for offset in 0..PORTS {
            let port = format!(r"\b{}\b", self.port(offset));
            settings.add_filter(&port, format!("[P-{offset}]"));
        }
        settings.bind(|| assert_snapshot!(name, self.transcript));
    }
}

/// A socket of this process that listens on this port.
fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

#[test]
fn allocations_are_made_found_and_released() {
    let mut talk = Talk::new();
    let dir = talk.sandbox.work();
    let dir = dir.to_str().unwrap();
    talk.ask("GET", "/healthz", "");
    talk.ask("GET", "/v1/allocations", "");
    talk.ask(
        "POST",
        "/v1/allocations",
        r#"{"app":"shop","instance":"main","service":"web"}"#,
    );
    let third = talk.port(2);
    talk.ask(
        "POST",
        "/v1/allocations",
        &format!(
            r#"{{"app":" shop ","instance":"main","service":"db","port":{third},"dir":"{dir}"}}"#
        ),
    );
    talk.ask("GET", "/v1/allocations", "");
    talk.ask(
        "GET",
        "/v1/allocations?app=shop&instance=main&service=db&unknown=1",
        "",
    );
    talk.ask("GET", "/v1/allocations?app=shop&instance=&service=", "");
    talk.ask("GET", "/v1/allocations?app=blog", "");
    talk.ask("GET", &format!("/v1/allocations?port={third}"), "");
    talk.ask("GET", "/v1/allocations/2", "");
    talk.ask("GET", "/v1/allocations/3", "");
    talk.ask("GET", &format!("/v1/ports/{third}"), "");
    let free = talk.port(3);
    talk.ask("GET", &format!("/v1/ports/{free}"), "");
    let busy = listen(free);
    talk.ask("GET", &format!("/v1/ports/{free}"), "");
    talk.ask("DELETE", "/v1/allocations/1", "");
    talk.ask("DELETE", "/v1/allocations/1", "");
    talk.ask("DELETE", "/v1/allocations", r#"{"app":"blog"}"#);
    talk.ask(
        "DELETE",
        "/v1/allocations",
        r#"{"app":"shop","port":null,"service":""}"#,
    );
    talk.ask("GET", "/v1/allocations", "");
    drop(busy);
    talk.compare("http-allocations");
}

#[test]
fn conflicts_name_who_stands_in_the_way() {
    let mut talk = Talk::new();
    let [held, busy, both] = [0, 1, 2].map(|offset| talk.port(offset));
    let (_busy, _both) = (listen(busy), listen(both));
    let claim = |service: &str, rest: &str| {
        format!(r#"{{"app":"shop","instance":"main","service":"{service}"{rest}}}"#)
    };
    let at = |port: u16| format!(r#","port":{port}"#);
    let path = "/v1/allocations";
    talk.ask("POST", path, &claim("web", &at(held)));
    talk.ask(
        "POST",
        path,
        &claim("db", &format!(r#"{},"adopt":true"#, at(both))),
    );
    // The service comes first, then the port, then the system.
    talk.ask("POST", path, &claim("web", ""));
    talk.ask("POST", path, &claim("web", &at(both)));
    talk.ask("POST", path, &claim("api", &at(held)));
    talk.ask("POST", path, &claim("api", &at(both)));
    talk.ask("POST", path, &claim("api", &at(busy)));
    talk.ask("PUT", path, &claim("api", &at(busy)));
    talk.ask("PUT", path, &claim("api", &at(held)));
    talk.ask("GET", &format!("/v1/ports/{both}"), "");
    // The last port, and none.
    talk.ask("POST", path, &claim("api", ""));
    talk.ask("POST", path, &claim("worker", ""));
    talk.compare("http-conflicts");
}

#[test]
fn put_gets_or_creates() {
    let mut talk = Talk::new();
    let (here, there) = (
        talk.sandbox.path().join("here"),
        talk.sandbox.path().join("there"),
    );
    let claim = |rest: &str| format!(r#"{{"app":"shop","instance":"main","service":"web"{rest}}}"#);
    let of = |dir: &std::path::Path| format!(r#","dir":"{}""#, dir.display());
    let path = "/v1/allocations";
    std::fs::create_dir(&here).unwrap();
    std::fs::create_dir(&there).unwrap();
    let link = talk.sandbox.path().join("link");
    std::os::unix::fs::symlink(&here, &link).unwrap();
    talk.ask("PUT", path, &claim(""));
    talk.ask("PUT", path, &claim(r#","port":0"#));
    talk.ask("PUT", path, &claim(&of(&here)));
    // By another name, which is not recorded instead.
    talk.ask("PUT", path, &claim(&of(&link)));
    talk.ask("PUT", path, &claim(&of(&there)));
    std::fs::remove_dir(&here).unwrap();
    talk.ask("PUT", path, &claim(&of(&there)));
    let (same, other) = (talk.port(0), talk.port(1));
    talk.ask("PUT", path, &claim(&format!(r#","port":{same}"#)));
    talk.ask("PUT", path, &claim(&format!(r#","port":{other}"#)));
    talk.compare("http-get-or-create");
}

#[test]
fn mistakes_are_told_in_a_fixed_order() {
    let mut talk = Talk::new();
    let path = "/v1/allocations";
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"app":1,"instance":"","service":"","port":0}"#,
        r#"{"port":"3000"}"#,
        r#"{"port":1.5}"#,
        r#"{"port":9223372036854775808}"#,
        r#"{"adopt":"yes"}"#,
        r#"{"app":"shop","instance":"main"}"#,
        r#"{"app":"shop","instance":"main","service":" ","port":65536}"#,
        r#"{"app":"shop","instance":"main","service":null}"#,
        r#"{"app":"shop","instance":"main","service":"a\nb"}"#,
        r#"{"app":"shop","instance":"main","service":"web","port":65536}"#,
        r#"{"app":"shop","instance":"main","service":"web","port":-1}"#,
        r#"{"app":"shop","instance":"main","service":"web","dir":"relative"}"#,
    ] {
        talk.ask("POST", path, body);
        let put = talk.daemon.ask("PUT", path, body);
        let post = talk.daemon.ask("POST", path, body);
        assert_eq!((put.status, put.body), (post.status, post.body));
    }
    let long = format!(
        r#"{{"app":"{}","instance":"main","service":"web"}}"#,
        "x".repeat(256)
    );
    let response = talk.daemon.ask("POST", path, &long);
    talk.note("POST with a name of 256 bytes", &response);
    for body in [
        "",
        "[]",
        "{}",
        r#"{"app":"","port":0}"#,
        r#"{"port":65536}"#,
        r#"{"app":[]}"#,
    ] {
        talk.ask("DELETE", path, body);
    }
    for (method, path) in [
        ("GET", "/v1/allocations?port=x"),
        ("GET", "/v1/allocations?port=65536"),
        ("GET", "/v1/allocations?app=%zz"),
        ("GET", "/v1/allocations/x"),
        ("GET", "/v1/allocations/0"),
        ("DELETE", "/v1/allocations/1.5"),
        ("DELETE", "/v1/allocations/-1"),
        ("GET", "/v1/ports/http"),
        ("GET", "/v1/ports/0"),
        ("GET", "/v1/ports/65536"),
        ("GET", "/"),
        ("GET", "/v1/allocations/"),
        ("GET", "/v1/allocations/1/2"),
        ("GET", "/V1/allocations"),
        ("PATCH", "/v1/allocations"),
        ("PUT", "/v1/allocations/1"),
        ("POST", "/v1/ports/3000"),
        ("OPTIONS", "/healthz"),
        ("DELETE", "/openapi.json"),
    ] {
        talk.ask(method, path, "");
    }
    assert_eq!(talk.daemon.ask("GET", path, "").json(200), json!([]));
    talk.compare("http-mistakes");
}

#[test]
fn the_type_of_a_body_does_not_matter() {
    let talk = Talk::new();
    for (number, content_type) in [
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: text/plain;charset=UTF-8",
        "Content-Type: application/json; charset=utf-8",
        "Accept: */*",
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(r#"{{"app":"shop","instance":"main","service":"s{number}"}}"#);
        let headers = ["Host: 127.0.0.1:51234", content_type];
        let mut client = talk.daemon.client();
        let response = client.ask_with("POST", "/v1/allocations", &headers, &body);
        assert_eq!(response.json(201)["service"], format!("s{number}"));
    }
}

#[test]
fn a_head_is_answered_like_a_get_without_its_body() {
    let talk = Talk::new();
    for path in [
        "/healthz",
        "/openapi.json",
        "/v1/allocations",
        "/v1/ports/1",
        "/v1/allocations/1",
    ] {
        let mut client = talk.daemon.client();
        let get = client.ask("GET", path, "");
        let head = client.ask("HEAD", path, "");
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(head.body, "");
        // Nothing of a body is in the way of the next answer.
        assert_eq!(client.ask("GET", path, "").status, get.status);
    }
}

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

#[test]
fn a_batch_takes_effect_as_a_whole_or_not_at_all() {
    let mut talk = Talk::new();
    let port = talk.port(1);
    let batch = |requests: serde_json::Value| json!({ "requests": requests }).to_string();
    let web = json!({"app": "shop", "instance": "main", "service": "web"});
    let api = json!({"app": "shop", "instance": "main", "service": "api", "port": port});
    let both = json!([{"method": "PUT", "body": web}, {"method": "PUT", "body": api}]);
    for _ in 0..2 {
        talk.ask("POST", "/v1/batch", &batch(both.clone()));
    }
    let (_listener, busy) = listener();
    let db = json!({"app": "shop", "instance": "main", "service": "db"});
    let mut taken = db.clone();
    taken["port"] = json!(port);
    let mut in_use = db.clone();
    in_use["port"] = json!(busy);
    let mut far = db.clone();
    far["port"] = json!(70_000);
    for last in [&taken, &web, &far] {
        let requests = json!([{"method": "POST", "body": db}, {"method": "POST", "body": last}]);
        talk.ask("POST", "/v1/batch", &batch(requests));
    }
    // Each request that fails by itself is reported, and those that would succeed are not.
    let requests = json!([
        {"method": "POST", "body": api},
        {"method": "POST", "body": db},
        {"method": "POST", "body": web},
        {"method": "DELETE", "body": {"id": 99}},
    ]);
    talk.ask("POST", "/v1/batch", &batch(requests));
    let requests = json!([
        {"method": "PUT", "body": far},
        {"method": "POST", "body": web},
        {"method": "GET", "body": {}},
    ]);
    talk.ask("POST", "/v1/batch", &batch(requests));
    let requests = batch(json!([{"method": "PUT", "body": in_use}]));
    let refused = talk.daemon.ask("POST", "/v1/batch", &requests).json(409);
    assert_eq!(refused["error"], "port in use on system");
    assert_eq!(refused["listener"]["pid"], std::process::id());
    assert_eq!(refused["request"], 0);
    assert_eq!(refused["errors"][0]["listener"], refused["listener"]);
    talk.ask("GET", "/v1/allocations?service=db", "");
    // A port that is released can be had by the next of the same batch.
    let release = json!({"service": "api"});
    let requests =
        json!([{"method": "DELETE", "body": release}, {"method": "POST", "body": taken}]);
    talk.ask("POST", "/v1/batch", &batch(requests));
    let everything = json!([{"method": "DELETE", "body": {}}]);
    talk.ask("POST", "/v1/batch", &batch(everything));
    let one = json!({"method": "DELETE", "body": {"id": 1}});
    for id in [99, -1, 1] {
        let other = json!({"method": "DELETE", "body": {"id": id}});
        talk.ask("POST", "/v1/batch", &batch(json!([one, other])));
    }
    talk.ask("POST", "/v1/batch", &batch(json!([one])));
    talk.ask("POST", "/v1/batch", "[]");
    talk.ask("POST", "/v1/batch", &batch(json!([])));
    talk.ask("GET", "/v1/batch", "");
    talk.compare("http-batch");
}

#[test]
fn a_batch_may_be_larger_than_other_bodies() {
    let talk = Talk::new();
    let padding = " ".repeat(1 << 20);
    let body = format!(r#"{{"requests":[]}}{padding}"#);
    talk.daemon.ask("POST", "/v1/batch", &body).json(200);
    talk.daemon.ask("POST", "/v1/allocations", &body).json(413);
    // One that does not say how long it is, and one that says that it is too long.
    for head in ["Transfer-Encoding: chunked", "Content-Length: 16777217"] {
        let mut client = talk.daemon.client();
        let head = format!("POST /v1/batch HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n");
        client.send(head.as_bytes());
        client.send(format!("{:x}\r\n{padding}\r\n0\r\n\r\n", padding.len()).as_bytes());
        client.receive("POST").json(413);
    }
}

#[test]
fn what_is_taken_over_keeps_its_time() {
    let talk = Talk::new();
    let claim = |service: &str, time: &str| {
        let port = talk.port(0);
        format!(
            r#"{{"app":"shop","instance":"main","service":"{service}","port":{port},"created_at":"{time}"}}"#
        )
    };
    let time = "2026-01-02T03:04:05Z";
    let ask = |method, body: &str| talk.daemon.ask(method, "/v1/allocations", body);
    let made = ask("POST", &claim("web", time)).json(201);
    assert_eq!(made["created_at"], time);
    // It is that of a new allocation, and changes no other.
    let again = ask("PUT", &claim("web", "2027-01-02T03:04:05Z")).json(200);
    assert_eq!(again, made);
    for none in ["yesterday", "2026-01-02 03:04:05", "2026-02-30T00:00:00Z"] {
        let told = ask("POST", &claim("api", none)).json(400);
        let told = told["error"].as_str().unwrap();
        assert_eq!(
            told,
            "created_at: a time is written like 2026-11-23T14:18:00Z"
        );
    }
    ask("DELETE", r#"{"app":"shop"}"#).json(200);
    let now = ask("POST", &claim("web", "")).json(201);
    assert_ne!(now["created_at"], time);
}

#[test]
fn who_prefers_to_know_is_told_what_was_released() {
    let talk = Talk::new();
    let mut client = talk.daemon.client();
    let prefer = "Prefer: respond-async, Return = \"representation\"; x=1";
    let mut ids = Vec::new();
    for service in ["web", "api", "db"] {
        let body = json!({"app": "shop", "instance": "main", "service": service}).to_string();
        ids.push(client.ask("POST", "/v1/allocations", &body).json(201));
    }
    let path = format!("/v1/allocations/{}", ids[0]["id"]);
    let response = client.ask_with("DELETE", &path, &["Host: localhost", prefer], "");
    assert_eq!(response.json(200), ids[0]);
    assert_eq!(
        response.header("preference-applied"),
        Some("return=representation")
    );
    let headers = ["Host: localhost", prefer];
    client.ask_with("DELETE", &path, &headers, "").json(404);
    let all = r#"{"app":"shop"}"#;
    let response = client.ask_with("DELETE", "/v1/allocations", &headers, all);
    assert_eq!(response.json(200), json!(ids[1..]));
    let response = client.ask_with("DELETE", "/v1/allocations", &headers, all);
    assert_eq!(response.json(200), json!([]));
    let minimal = ["Host: localhost", "Prefer: return=minimal"];
    let response = client.ask_with("DELETE", "/v1/allocations", &minimal, all);
    assert_eq!(response.json(200), json!({ "deleted": 0 }));
    assert_eq!(response.header("preference-applied"), None);
}

#[test]
fn the_daemon_says_who_it_is() {
    let talk = Talk::new();
    let last = talk.port(PORTS - 1);
    assert_eq!(
        talk.daemon.ask("GET", "/v1/daemon", "").json(200),
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": talk.daemon.child.id(),
            "store": talk.sandbox.store(),
            "range": format!("{}-{last}", talk.first),
        })
    );
}

#[test]
fn the_document_describes_the_paths_there_are() {
    let talk = Talk::new();
    let document = talk.daemon.ask("GET", "/openapi.json", "").json(200);
    assert_eq!(
        document["openapi"].as_str().unwrap().split('.').next(),
        Some("3")
    );
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in paths {
        let path = path.replace("{id}", "1").replace("{port}", "1");
        let refused = talk.daemon.ask("TRACE", &path, "");
        let allowed = refused.header("allow").unwrap().to_lowercase();
        let allowed: Vec<_> = allowed.split(", ").collect();
        let described: Vec<_> = methods
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
            .collect();
        let has_head = methods["head"].is_object();
        let to_describe = allowed.iter().filter(|it| has_head || **it != "head");
        assert_eq!(described.len(), to_describe.count(), "{path}");
        for method in described {
            assert!(allowed.contains(&method.as_str()), "{method} {path}");
        }
    }
    assert_eq!(paths.len(), 7);
}

#[test]
fn a_client_of_another_protocol_version_is_not_mistaken() {
    // A TLS client sends no line end for long.
    let talk = Talk::new();
    let mut client = Client::connect(talk.daemon.address);
    client.send(b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03");
    assert_eq!(client.receive("GET").status, 400);
}
