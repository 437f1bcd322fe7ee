//! Preferred and avoided ports.

use serde_json::json;

use super::session::{PORTS, Session, listen};

#[test]
fn an_answer_with_another_port_than_the_preferred_one_tells_who_has_that() {
    let mut session = Session::new();
    let [first, second, third] = [0, 1, 2].map(|offset| session.port(offset));
    let busy = session.port(PORTS - 1);
    let _busy = listen(busy);
    let claim = |service: &str, wishes: serde_json::Value| {
        let mut body = json!({"app": "shop", "instance": "main", "service": service});
        let fields = body.as_object_mut().unwrap();
        fields.extend(wishes.as_object().unwrap().clone());
        body.to_string()
    };
    let path = "/v1/allocations";
    session.ask("POST", path, &claim("web", json!({"prefer": second})));
    session.ask("PUT", path, &claim("api", json!({"prefer": second})));
    // The service has a port already, and keeps it.
    session.ask("PUT", path, &claim("api", json!({"prefer": third})));
    session.ask("DELETE", path, r#"{"service":"api"}"#);
    session.ask(
        "POST",
        path,
        &claim("db", json!({"prefer": busy, "avoid": [first]})),
    );
    // The named port counts, and null and 0 stand for no wish.
    let both = json!({"port": first, "prefer": third, "avoid": [0, null, first]});
    session.ask("POST", path, &claim("cache", both));
    session.ask("DELETE", path, r#"{"service":"cache"}"#);

    let web = "/v1/allocations/1";
    session.ask("PATCH", web, &json!({"prefer": third}).to_string());
    session.ask("PATCH", web, &json!({"prefer": busy}).to_string());
    session.ask("PATCH", web, &json!({"prefer": second}).to_string());
    session.ask("PATCH", web, &json!({"prefer": first}).to_string());

    // Batches leave it out.
    let body = json!({"app": "shop", "instance": "main", "service": "a", "prefer": busy});
    let item = json!({"method": "PUT", "body": body});
    session.ask(
        "POST",
        "/v1/batch",
        &json!({"requests": [item]}).to_string(),
    );

    for wishes in [
        json!({"prefer": -1}),
        json!({"prefer": "1"}),
        json!({"avoid": [65536]}),
        json!({"avoid": 1}),
    ] {
        session.ask("POST", path, &claim("new", wishes));
    }
    session.ask("PATCH", web, r#"{"prefer":65536}"#);
    session.assert_snapshot("http-preferences");
}
