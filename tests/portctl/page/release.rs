//! Releasing a port from the page, with the keyboard alone.

use std::net::{Ipv6Addr, TcpListener};

use serde_json::json;
use test_support::occupant_of_in;

use super::scene::Scene;

const RELEASE_WEB: &str = "at.ariaLabel?.endsWith(' of shop/main/web')";

#[test]
#[ignore = "takes Chromium"]
fn port_is_released_after_a_question_at_each_address_of_the_daemon() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    let mut hosts = vec!["127.0.0.1", "localhost"];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        hosts.push("[::1]");
    }
    scene.portctl(&["get", "db"]);
    for host in hosts {
        let port = scene.portctl(&["get", "web"]);
        scene.visit(host);
        scene.wait("rowOf('web')");
        scene.tab_to(RELEASE_WEB);
        scene.press("Enter");
        scene.wait("document.getElementById('question').open");
        scene.check(&format!(
            "textOf('question-title') === 'Release port {port} of shop/main/web?'"
        ));
        scene.check("textOf('question-warning') === '' && document.activeElement.id === 'cancel'");
        scene.press("Escape");
        scene.wait("!document.getElementById('question').open");
        scene.check(&format!("((at) => {RELEASE_WEB})(document.activeElement)"));
        scene.press("Enter");
        scene.press("Tab");
        scene.check("document.activeElement.id === 'confirm'");
        scene.press("Enter");
        scene.wait("!rowOf('web') && !document.getElementById('question').open");
        // The focus is at a row that is still there.
        scene.wait("rowOf('db').contains(document.activeElement)");
    }
    let left = scene.daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(left.as_array().unwrap().len(), 1);
}

#[test]
#[ignore = "takes Chromium"]
fn question_says_if_something_listens_even_since_it_was_asked() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    let port: u16 = scene.portctl(&["get", "web"]).parse().unwrap();
    scene.wait("stateOf('web') === 'down'");
    // The list stays as it is now.
    let list = scene.daemon.ask("GET", "/v1/status", "").body;
    scene.stub(&json!({ "status": 200, "body": list }));
    scene.tab_to(RELEASE_WEB);
    scene.press("Enter");
    scene.wait("document.getElementById('question').open");
    scene.check("textOf('confirm') === 'Release'");
    let server = occupant_of_in(port, &scene.shop);
    scene.tab_to("at.id === 'confirm'");
    scene.press("Enter");
    let warning = format!(
        "test-listener (pid {}) still listens on port {port}",
        server.id()
    );
    scene.wait(&format!(
        "textOf('question-warning').startsWith('{warning}')"
    ));
    scene.wait("!document.getElementById('confirm').disabled");
    scene.check(
        "document.getElementById('question').open && textOf('confirm') === 'Release all the same'",
    );
    let listed = scene.daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");

    // It can be stopped meanwhile.
    scene.stub(&json!(null));
    drop(server);
    scene.wait("textOf('question-warning') === '' && textOf('confirm') === 'Release'");
    let server = occupant_of_in(port, &scene.shop);
    scene.wait("textOf('confirm') === 'Release all the same'");
    scene.tab_to("at.id === 'confirm'");
    scene.press("Enter");
    scene.wait("!rowOf('web')");
    drop(server);

    // Another process can release the port meanwhile.
    scene.portctl(&["get", "web"]);
    scene.wait("rowOf('web')");
    scene.tab_to(RELEASE_WEB);
    scene.press("Enter");
    scene.portctl(&["release", "web"]);
    scene.wait("textOf('question-warning') === 'It has been released already.'");
    scene.check("document.getElementById('confirm').hidden");
    scene.press("Escape");
    scene.wait("!document.getElementById('question').open");

    // Or give the service another one.
    scene.portctl(&["get", "web"]);
    scene.wait("rowOf('web')");
    scene.tab_to(RELEASE_WEB);
    scene.press("Enter");
    scene.portctl(&["move", "web"]);
    let moved = scene.portctl(&["get", "web"]);
    scene.wait(&format!(
        "textOf('question-warning') === 'It has moved to port {moved} already.'"
    ));
    scene.press("Escape");
    scene.wait("!document.getElementById('question').open");
    scene.check("!textOf('news').includes('released')");
}
