//! Invalid requests, and the order of the checks that refuse them.

use serde_json::json;

use super::session::Session;

#[test]
fn errors_are_reported_in_a_fixed_order() {
    let mut session = Session::new();
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
        session.ask("POST", path, body);
        let put = session.daemon.ask("PUT", path, body);
        let post = session.daemon.ask("POST", path, body);
        assert_eq!((put.status, put.body), (post.status, post.body));
    }
    let long = format!(
        r#"{{"app":"{}","instance":"main","service":"web"}}"#,
        "x".repeat(256)
    );
    let response = session.daemon.ask("POST", path, &long);
    session.record("POST with a name of 256 bytes", &response);
    for body in [
        "",
        "[]",
        "{}",
        r#"{"app":"","port":0}"#,
        r#"{"port":65536}"#,
        r#"{"app":[]}"#,
    ] {
        session.ask("DELETE", path, body);
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
        ("GET", "/index.html"),
        ("GET", "/v1/allocations/"),
        ("GET", "/v1/allocations/1/2"),
        ("GET", "/V1/allocations"),
        ("PATCH", "/v1/allocations"),
        ("PUT", "/v1/allocations/1"),
        ("POST", "/v1/ports/3000"),
        ("OPTIONS", "/healthz"),
        ("DELETE", "/openapi.json"),
        ("POST", "/"),
    ] {
        session.ask(method, path, "");
    }
    assert_eq!(session.daemon.ask("GET", path, "").json(200), json!([]));
    session.assert_snapshot("http-mistakes");
}

#[test]
fn the_content_type_of_a_body_is_ignored() {
    let session = Session::new();
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
        let mut client = session.daemon.client();
        let response = client.ask_with("POST", "/v1/allocations", &headers, &body);
        assert_eq!(response.json(201)["service"], format!("s{number}"));
    }
}

#[test]
fn head_is_answered_like_get_without_a_body() {
    let session = Session::new();
    for path in [
        "/",
        "/healthz",
        "/openapi.json",
        "/v1/allocations",
        "/v1/ports/1",
        "/v1/allocations/1",
    ] {
        let mut client = session.daemon.client();
        let get = client.ask("GET", path, "");
        let head = client.ask("HEAD", path, "");
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(head.body, "");
        // No leftover of a body precedes the next response.
        assert_eq!(client.ask("GET", path, "").status, get.status);
    }
}
