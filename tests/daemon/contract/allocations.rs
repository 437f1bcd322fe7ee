//! Allocations: made, found, released, refused.

use serde_json::json;

use super::session::{Talk, listen};

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
