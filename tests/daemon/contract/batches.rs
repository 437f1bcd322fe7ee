//! Batches of requests.

use serde_json::json;
use test_support::listener;

use super::session::Session;

#[test]
fn a_batch_is_all_or_nothing() {
    let mut session = Session::new();
    let port = session.port(1);
    let batch = |requests: serde_json::Value| json!({ "requests": requests }).to_string();
    let web = json!({"app": "shop", "instance": "main", "service": "web"});
    let api = json!({"app": "shop", "instance": "main", "service": "api", "port": port});
    let both = json!([{"method": "PUT", "body": web}, {"method": "PUT", "body": api}]);
    for _ in 0..2 {
        session.ask("POST", "/v1/batch", &batch(both.clone()));
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
        session.ask("POST", "/v1/batch", &batch(requests));
    }
    // Every request that fails on its own is reported; those that would succeed are not.
    let requests = json!([
        {"method": "POST", "body": api},
        {"method": "POST", "body": db},
        {"method": "POST", "body": web},
        {"method": "DELETE", "body": {"id": 99}},
    ]);
    session.ask("POST", "/v1/batch", &batch(requests));
    let requests = json!([
        {"method": "PUT", "body": far},
        {"method": "POST", "body": web},
        {"method": "GET", "body": {}},
    ]);
    session.ask("POST", "/v1/batch", &batch(requests));
    let requests = batch(json!([{"method": "PUT", "body": in_use}]));
    let refused = session.daemon.ask("POST", "/v1/batch", &requests).json(409);
    assert_eq!(refused["error"], "port in use on system");
    assert_eq!(refused["listener"]["pid"], std::process::id());
    assert_eq!(refused["request"], 0);
    assert_eq!(refused["errors"][0]["listener"], refused["listener"]);
    session.ask("GET", "/v1/allocations?service=db", "");
    // A later request of a batch can claim a port that an earlier one releases.
    let release = json!({"service": "api"});
    let requests =
        json!([{"method": "DELETE", "body": release}, {"method": "POST", "body": taken}]);
    session.ask("POST", "/v1/batch", &batch(requests));
    let everything = json!([{"method": "DELETE", "body": {}}]);
    session.ask("POST", "/v1/batch", &batch(everything));
    let one = json!({"method": "DELETE", "body": {"id": 1}});
    for id in [99, -1, 1] {
        let other = json!({"method": "DELETE", "body": {"id": id}});
        session.ask("POST", "/v1/batch", &batch(json!([one, other])));
    }
    session.ask("POST", "/v1/batch", &batch(json!([one])));
    session.ask("POST", "/v1/batch", "[]");
    session.ask("POST", "/v1/batch", &batch(json!([])));
    session.ask("GET", "/v1/batch", "");
    session.assert_snapshot("http-batch");
}

#[test]
fn a_batch_may_be_larger_than_other_bodies() {
    let session = Session::new();
    let padding = " ".repeat(1 << 20);
    let body = format!(r#"{{"requests":[]}}{padding}"#);
    session.daemon.ask("POST", "/v1/batch", &body).json(200);
    session
        .daemon
        .ask("POST", "/v1/allocations", &body)
        .json(413);
    // Too long a body of undeclared length, and one whose declared length is too long.
    for head in ["Transfer-Encoding: chunked", "Content-Length: 16777217"] {
        let mut client = session.daemon.client();
        let head = format!("POST /v1/batch HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n");
        client.send(head.as_bytes());
        client.send(format!("{:x}\r\n{padding}\r\n0\r\n\r\n", padding.len()).as_bytes());
        client.receive("POST").json(413);
    }
}
