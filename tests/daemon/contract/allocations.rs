//! Single allocations: created, found, released and refused.

use serde_json::json;

use super::session::{Session, listen};

#[test]
fn allocations_are_created_found_and_released() {
    let mut session = Session::new();
    let dir = session.sandbox.work();
    let dir = dir.to_str().unwrap();
    session.ask("GET", "/healthz", "");
    session.ask("GET", "/v1/allocations", "");
    session.ask(
        "POST",
        "/v1/allocations",
        r#"{"app":"shop","instance":"main","service":"web"}"#,
    );
    let third = session.port(2);
    session.ask(
        "POST",
        "/v1/allocations",
        &format!(
            r#"{{"app":" shop ","instance":"main","service":"db","port":{third},"dir":"{dir}"}}"#
        ),
    );
    session.ask("GET", "/v1/allocations", "");
    session.ask(
        "GET",
        "/v1/allocations?app=shop&instance=main&service=db&unknown=1",
        "",
    );
    session.ask("GET", "/v1/allocations?app=shop&instance=&service=", "");
    session.ask("GET", "/v1/allocations?app=blog", "");
    session.ask("GET", &format!("/v1/allocations?port={third}"), "");
    session.ask("GET", "/v1/allocations/2", "");
    session.ask("GET", "/v1/allocations/3", "");
    session.ask("GET", &format!("/v1/ports/{third}"), "");
    let free = session.port(3);
    session.ask("GET", &format!("/v1/ports/{free}"), "");
    let busy = listen(free);
    session.ask("GET", &format!("/v1/ports/{free}"), "");
    session.ask("DELETE", "/v1/allocations/1", "");
    session.ask("DELETE", "/v1/allocations/1", "");
    session.ask("DELETE", "/v1/allocations", r#"{"app":"blog"}"#);
    session.ask(
        "DELETE",
        "/v1/allocations",
        r#"{"app":"shop","port":null,"service":""}"#,
    );
    session.ask("GET", "/v1/allocations", "");
    drop(busy);
    session.assert_snapshot("http-allocations");
}

#[test]
fn conflicts_name_the_holder_or_the_listener() {
    let mut session = Session::new();
    let [held, busy, both] = [0, 1, 2].map(|offset| session.port(offset));
    let (_busy, _both) = (listen(busy), listen(both));
    let claim = |service: &str, rest: &str| {
        format!(r#"{{"app":"shop","instance":"main","service":"{service}"{rest}}}"#)
    };
    let at = |port: u16| format!(r#","port":{port}"#);
    let path = "/v1/allocations";
    session.ask("POST", path, &claim("web", &at(held)));
    session.ask(
        "POST",
        path,
        &claim("db", &format!(r#"{},"adopt":true"#, at(both))),
    );
    // A conflict over the service is reported before one over the port, and that before a listener.
    session.ask("POST", path, &claim("web", ""));
    session.ask("POST", path, &claim("web", &at(both)));
    session.ask("POST", path, &claim("api", &at(held)));
    session.ask("POST", path, &claim("api", &at(both)));
    session.ask("POST", path, &claim("api", &at(busy)));
    session.ask("PUT", path, &claim("api", &at(busy)));
    session.ask("PUT", path, &claim("api", &at(held)));
    let status = session.ask("GET", &format!("/v1/ports/{both}"), "");
    if cfg!(target_os = "linux") {
        let folder = std::env::current_dir().unwrap();
        assert_eq!(
            status.json(200)["listener"]["dir"],
            folder.to_str().unwrap()
        );
    }
    // The first claim takes the last free port of the range.
    session.ask("POST", path, &claim("api", ""));
    session.ask("POST", path, &claim("worker", ""));
    session.assert_snapshot("http-conflicts");
}

#[test]
fn put_gets_or_creates_an_allocation() {
    let mut session = Session::new();
    let (here, there) = (
        session.sandbox.path().join("here"),
        session.sandbox.path().join("there"),
    );
    let claim = |rest: &str| format!(r#"{{"app":"shop","instance":"main","service":"web"{rest}}}"#);
    let of = |dir: &std::path::Path| format!(r#","dir":"{}""#, dir.display());
    let path = "/v1/allocations";
    std::fs::create_dir(&here).unwrap();
    std::fs::create_dir(&there).unwrap();
    let link = session.sandbox.path().join("link");
    std::os::unix::fs::symlink(&here, &link).unwrap();
    session.ask("PUT", path, &claim(""));
    session.ask("PUT", path, &claim(r#","port":0"#));
    session.ask("PUT", path, &claim(&of(&here)));
    // A symbolic link to the recorded checkout does not replace its path.
    session.ask("PUT", path, &claim(&of(&link)));
    session.ask("PUT", path, &claim(&of(&there)));
    std::fs::remove_dir(&here).unwrap();
    session.ask("PUT", path, &claim(&of(&there)));
    let (same, other) = (session.port(0), session.port(1));
    session.ask("PUT", path, &claim(&format!(r#","port":{same}"#)));
    session.ask("PUT", path, &claim(&format!(r#","port":{other}"#)));
    session.assert_snapshot("http-get-or-create");
}

#[test]
fn an_imported_allocation_keeps_its_creation_time() {
    let session = Session::new();
    let claim = |service: &str, time: &str| {
        let port = session.port(0);
        format!(
            r#"{{"app":"shop","instance":"main","service":"{service}","port":{port},"created_at":"{time}"}}"#
        )
    };
    let time = "2026-01-02T03:04:05Z";
    let ask = |method, body: &str| session.daemon.ask(method, "/v1/allocations", body);
    let made = ask("POST", &claim("web", time)).json(201);
    assert_eq!(made["created_at"], time);
    // `created_at` applies to a new allocation only.
    let again = ask("PUT", &claim("web", "2027-01-02T03:04:05Z")).json(200);
    assert_eq!(again, made);
    for invalid in ["yesterday", "2026-01-02 03:04:05", "2026-02-30T00:00:00Z"] {
        let refused = ask("POST", &claim("api", invalid)).json(400);
        let error = refused["error"].as_str().unwrap();
        assert_eq!(
            error,
            "created_at: a time is written like 2026-11-23T14:18:00Z"
        );
    }
    ask("DELETE", r#"{"app":"shop"}"#).json(200);
    let now = ask("POST", &claim("web", "")).json(201);
    assert_ne!(now["created_at"], time);
}

#[test]
fn prefer_return_representation_returns_released_allocations() {
    let session = Session::new();
    let mut client = session.daemon.client();
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
