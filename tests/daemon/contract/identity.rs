//! The daemon's identity and the description of its API.

use serde_json::json;
use test_support::daemon::Client;

use super::session::{PORTS, Session};

#[test]
fn the_daemon_reports_its_version_process_store_and_range() {
    let session = Session::new();
    let last = session.port(PORTS - 1);
    assert_eq!(
        session.daemon.ask("GET", "/v1/daemon", "").json(200),
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": session.daemon.child.id(),
            "store": session.sandbox.store(),
            "range": format!("{}-{last}", session.first),
        })
    );
}

#[test]
fn the_openapi_document_describes_every_path_and_method() {
    let session = Session::new();
    let document = session.daemon.ask("GET", "/openapi.json", "").json(200);
    assert_eq!(
        document["openapi"].as_str().unwrap().split('.').next(),
        Some("3")
    );
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in paths {
        let path = path.replace("{id}", "1").replace("{port}", "1");
        let refused = session.daemon.ask("TRACE", &path, "");
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
    assert_eq!(paths.len(), 9);
}

#[test]
fn a_tls_client_is_refused() {
    // A TLS handshake may contain no line end for a long time.
    let session = Session::new();
    let mut client = Client::connect(session.daemon.address);
    client.send(b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03");
    assert_eq!(client.receive("GET").status, 400);
}
