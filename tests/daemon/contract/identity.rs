//! The identity and the description of the daemon.

use serde_json::json;
use test_support::daemon::Client;

use super::session::{PORTS, Talk};

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
