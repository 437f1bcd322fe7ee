//! Batches.

use serde_json::json;
use test_support::listener;

use super::session::Talk;

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
