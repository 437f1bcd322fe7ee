//! Names that pretend to be markup are shown as text.

use serde_json::json;
use test_support::{install, occupant_by, program};

use super::scene::Scene;

#[test]
#[ignore = "takes Chromium"]
fn hostile_names_are_shown_as_text() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    let long = "x".repeat(200);
    let names = [
        "<img src=x onerror=alert(1)>",
        "\"><script>alert(2)</script>",
        "</script><svg onload=alert(3)>",
        "javascript:alert(4)",
        "'\"`${alert(5)}",
        "__proto__",
        "&lt;b&gt; & {{7*7}}",
        &long,
    ];
    for name in names {
        scene.allocate(name, name, name);
        scene.wait(&format!("rowOf({})", json!(name)));
        let shown = json!([name, name, name]);
        let row = format!("rowOf({})", json!(name));
        let heading = format!("{row}.closest('section').querySelector('h2 bdi').textContent");
        let instance = format!("{row}.closest('tbody').querySelector('bdi').textContent");
        let service = format!("{row}.querySelector('.service').textContent");
        assert_eq!(
            scene.evaluate(&format!("[{heading}, {instance}, {service}]")),
            shown
        );
    }
    scene.allocate("a\u{202e}b", "\u{200b}", "web\u{2066}");
    scene.wait("rowOf('web\\\\u{2066}')");
    scene.check(
        "[...document.querySelectorAll('h2 bdi')].some((it) => it.textContent === 'a\\\\u{202e}b')",
    );

    // A server whose process and folder have such names.
    let port = scene.portctl(&["get", "evil"]);
    let folder = scene.sandbox.work().join("<b onclick=alert(6)>");
    std::fs::create_dir(&folder).unwrap();
    let server = folder.join("<i>server");
    install(program("test-listener"), &server);
    let mut command = std::process::Command::new(server);
    let server = occupant_by(command.arg(port).current_dir(&folder));
    scene.wait("rowOf('evil')?.querySelector('.process').textContent.includes('<i>server')");
    scene.check(
        "rowOf('evil').querySelector('.process').textContent.includes('/<b onclick=alert(6)>')",
    );
    scene.evaluate("rowOf('evil').querySelector('button').click()");
    scene.wait("textOf('question-warning').includes('<i>server (pid ')");
    scene.press("Escape");
    drop(server);

    // A daemon would not send these.
    let listener = json!({ "pid": "<u>", "process": "a\u{7}b\n", "container": "<s>", "dir": "\0", "others": [{ "uid": "<u>" }] });
    let list = json!([{
        "id": 1, "app": "a\tb\u{1b}[31m", "instance": "\r\n", "service": "odd", "port": 80, "created_at": "<time>",
        "state": "<em>", "url": "javascript:alert(7)", "listener": listener,
        "elsewhere": [{ "port": "1/<a>", "listener": listener }],
    }]);
    scene.stub(&json!({ "status": 200, "body": list.to_string() }));
    scene.wait("stateOf('odd') === '<em>'");
    scene.check("!rowOf('odd').querySelector('td.port a') && rowOf('odd').textContent.includes('a\\\\u{7}b\\\\u{a}')");
    scene.evaluate("rowOf('odd').querySelectorAll('a, td').forEach((it) => it.click())");

    scene.check("!globalThis.alerted && !({}).rows");
    scene.check("!document.querySelector('main img, main svg, main script, main b, main i, main u, main s, main em, [onclick]')");
    assert!(
        scene
            .browser
            .events(&scene.tab, "Log.entryAdded")
            .is_empty()
    );
    assert!(
        scene
            .browser
            .events(&scene.tab, "Runtime.exceptionThrown")
            .is_empty()
    );
}
