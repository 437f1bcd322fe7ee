//! Moves of services to other ports.

use serde_json::json;

use super::session::{PORTS, Session, listen};

#[test]
fn a_service_is_moved_to_another_port() {
    let mut session = Session::new();
    let folder = session.sandbox.work();
    let (first, second, third) = (session.port(0), session.port(1), session.port(2));
    let claim = json!({"app": "shop", "instance": "main", "service": "web", "label_origin": "branch",
                       "dir": folder});
    session.ask("POST", "/v1/allocations", &claim.to_string());
    session.ask("PATCH", "/v1/allocations/1", "{}");
    // The old id is gone.
    session.ask("GET", "/v1/allocations/1", "");
    session.ask("PATCH", "/v1/allocations/1", "{}");
    session.ask(
        "PATCH",
        "/v1/allocations/2",
        &format!(r#"{{"port":{third}}}"#),
    );
    // Nothing changes if the service has the port already.
    session.ask(
        "PATCH",
        "/v1/allocations/3",
        &format!(r#"{{"port":{third}}}"#),
    );
    session.ask(
        "PATCH",
        "/v1/allocations/3",
        r#"{"port":null,"adopt":null,"service":"db"}"#,
    );
    session.ask("PATCH", "/v1/allocations/4", r#"{"port":0}"#);
    session.ask("GET", &format!("/v1/ports/{first}"), "");
    session.ask("GET", &format!("/v1/ports/{second}"), "");
    session.ask("GET", "/v1/allocations", "");
    session.assert_snapshot("http-moves");
}

#[test]
fn a_refused_move_changes_nothing() {
    let mut session = Session::new();
    let (held, busy) = (session.port(1), session.port(PORTS - 1));
    let _busy = listen(busy);
    let claim = |service: &str, port: u16| {
        json!({"app": "shop", "instance": "main", "service": service, "port": port}).to_string()
    };
    for (service, port) in [("web", session.port(0)), ("db", held)] {
        session.ask("POST", "/v1/allocations", &claim(service, port));
    }
    let path = "/v1/allocations/1";
    let to = |port: u16| format!(r#"{{"port":{port}}}"#);
    session.ask("PATCH", path, &to(held));
    session.ask("PATCH", path, &to(busy));
    for body in [
        "",
        "[]",
        r#"{"port":"x"}"#,
        r#"{"port":-1}"#,
        r#"{"port":65536}"#,
        r#"{"adopt":1}"#,
    ] {
        session.ask("PATCH", path, body);
    }
    for id in ["x", "0", "-1", "99"] {
        session.ask("PATCH", &format!("/v1/allocations/{id}"), "{}");
    }
    // The last free port of the range.
    session.ask("POST", "/v1/allocations", &claim("api", session.port(2)));
    session.ask("PATCH", path, "{}");
    session.ask("GET", "/v1/allocations", "");
    session.ask("PATCH", path, &format!(r#"{{"port":{busy},"adopt":true}}"#));
    session.assert_snapshot("http-refused-moves");
}

#[test]
fn a_batch_can_swap_the_ports_of_two_services() {
    let mut session = Session::new();
    let (first, second, spare) = (session.port(0), session.port(1), session.port(2));
    let claim = |service: &str| json!({"app": "shop", "instance": "main", "service": service});
    for service in ["web", "db"] {
        session.ask("POST", "/v1/allocations", &claim(service).to_string());
    }
    let step = |id: i64, port: u16| json!({"method": "PATCH", "body": {"id": id, "port": port}});
    let batch = |requests: serde_json::Value| json!({ "requests": requests }).to_string();
    // The second move is refused, so that the first is undone.
    let failing = [step(1, spare), step(2, spare), step(99, second)];
    session.ask("POST", "/v1/batch", &batch(json!(failing)));
    // web leaves the first port, db takes it, and web, whose id is new by then, takes the port of db.
    let swap = [step(1, spare), step(2, first), step(3, second)];
    session.ask("POST", "/v1/batch", &batch(json!(swap)));
    let any = json!([
        {"method": "PATCH", "body": {"id": 4}},
        {"method": "PUT", "body": claim("api")},
        {"method": "PATCH", "body": {"id": 5, "adopt": true}},
    ]);
    session.ask("POST", "/v1/batch", &batch(any));
    for id in [json!(null), json!(0), json!(-1), json!("1")] {
        let item = json!({"method": "PATCH", "body": {"id": id}});
        session.ask("POST", "/v1/batch", &batch(json!([item])));
    }
    session.ask("GET", "/v1/allocations", "");
    session.assert_snapshot("http-batch-of-moves");
}
