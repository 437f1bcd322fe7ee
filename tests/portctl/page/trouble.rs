//! Failures are shown, and end by themselves.

use serde_json::json;
use test_support::daemon::Daemon;

use super::scene::Scene;

#[test]
#[ignore = "takes Chromium"]
fn stopped_daemon_is_reported_until_it_runs_again() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    scene.portctl(&["get", "web"]);
    scene.wait("rowOf('web')");
    let mut successor = scene.successor();
    scene.daemon.signal("TERM");
    scene.daemon.wait();
    scene.wait("textOf('trouble').includes('portctl start')");
    scene.check("rowOf('web') && document.body.classList.contains('stale')");
    scene.evaluate(
        "rowOf('web').querySelector('button').click(); document.getElementById('confirm').click()",
    );
    scene.wait("textOf('question-error').includes('portctl start')");
    scene.check("document.getElementById('question').open");
    scene.press("Escape");
    scene.daemon = Daemon::spawn(&mut successor);
    scene.wait("textOf('trouble') === '' && !document.body.classList.contains('stale')");
    let pid = format!("(pid {})", scene.daemon.child.id());
    scene.wait(&format!("textOf('daemon').includes('{pid}')"));
    scene.check("rowOf('web')");
}

#[test]
#[ignore = "takes Chromium"]
fn refusals_and_unexpected_responses_are_reported_and_keep_the_list() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    scene.portctl(&["get", "web"]);
    scene.wait("rowOf('web')");
    let error = json!({ "error": "registry <b>is</b> busy", "code": "busy" }).to_string();
    for (response, text) in [
        (
            json!({ "status": 403, "body": error }),
            "refuses this page: registry <b>is</b> busy.",
        ),
        (
            json!({ "status": 503, "body": error }),
            "is busy: registry <b>is</b> busy.",
        ),
        (json!({ "status": 500, "body": "" }), "reports an error"),
        (json!({ "status": 200, "body": "[" }), "unexpected response"),
        (
            json!({ "status": 200, "body": "{}" }),
            "unexpected response",
        ),
        (
            json!({ "status": 200, "body": "[null]" }),
            "unexpected response",
        ),
        (
            json!({ "status": 200, "body": "[]", "headers": {} }),
            "Another program answers",
        ),
    ] {
        scene.stub(&response);
        scene.wait(&format!("textOf('trouble').includes('{text}')"));
        scene.check("stateOf('web') === 'down' && !document.querySelector('#trouble *')");
        scene.stub(&json!(null));
        scene.wait("textOf('trouble') === ''");
    }
}
