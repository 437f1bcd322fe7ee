//! The page follows the registry and the system.

use test_support::occupant_of_in;

use super::scene::Scene;

#[test]
#[ignore = "takes Chromium"]
fn rows_come_and_go_with_allocations_and_servers() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    scene.wait("!document.getElementById('empty').hidden");
    let ports = scene.portctl(&["get", "web", "api"]);
    let port: u16 = ports.lines().next().unwrap().parse().unwrap();
    scene.wait("stateOf('web') === 'down' && stateOf('api') === 'down'");
    scene.check("document.getElementById('empty').hidden");
    scene.check("document.querySelector('h2').textContent.startsWith('shop')");
    let folder = scene.shop.display().to_string();
    scene.check(&format!(
        "document.querySelector('tbody th').textContent === 'main{folder}'"
    ));
    scene.check(&format!(
        "rowOf('web').querySelector('a').href === 'http://localhost:{port}/'"
    ));

    // Neither focus nor selection is lost while others change.
    scene.evaluate(
        "globalThis.row = rowOf('api'); row.querySelector('button').focus();
         getSelection().selectAllChildren(row.querySelector('.service'))",
    );
    let server = occupant_of_in(port, &scene.shop);
    scene.wait("stateOf('web') === 'up'");
    let process = format!("'test-listener {}'", server.id());
    scene.check(&format!(
        "rowOf('web').querySelector('.process').textContent === {process}"
    ));
    scene.check("textOf('summary') === '2 services, 1 up'");
    scene.check("textOf('news') === 'shop/main/web is up'");
    drop(server);
    scene.wait("stateOf('web') === 'down'");
    let stranger = occupant_of_in(port, scene.sandbox.path().as_path());
    scene.wait("stateOf('web') === 'up?'");
    drop(stranger);

    scene.portctl(&["release", "web"]);
    scene.wait("!rowOf('web')");
    scene.check("row === rowOf('api') && row.contains(document.activeElement) && String(getSelection()) === 'api'");
    scene.portctl(&["release", "api"]);
    scene.wait("!document.getElementById('empty').hidden");
    scene.check("!document.querySelector('section tr')");

    let origin = format!("http://localhost:{}/", scene.daemon.address.port());
    let mut requests = scene.requests();
    requests.retain(|it| !it.starts_with(&format!("GET {origin}")) && !it.starts_with("GET data:"));
    assert_eq!(requests, [""; 0]);
}

#[test]
#[ignore = "takes Chromium"]
fn unchanged_list_changes_nothing_in_the_page() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    for number in 0..300 {
        scene.allocate(
            &format!("app{}", number / 30),
            &format!("i{}", number % 5),
            &format!("s{number}"),
        );
    }
    // A page that has just been loaded marks no row as changed.
    scene.visit("localhost");
    scene.wait("document.querySelectorAll('.action button').length === 300");
    scene.evaluate("document.getElementById('filter').focus()");
    for key in ["s", "2", "9"] {
        scene.press(key);
    }
    scene.wait(
        "textOf('summary') === '11 of 300 services' && textOf('news') === '11 services match'",
    );
    scene.evaluate(
        "globalThis.changes = 0; scrollTo(0, 40);
         new MutationObserver((them) => { changes += them.filter((it) => !it.target.closest?.('time')).length; })
            .observe(document, { subtree: true, childList: true, attributes: true, characterData: true })",
    );
    scene.wait_for_refreshes(5);
    scene.check("changes === 0 && document.activeElement.value === 's29'");
    scene.press("Escape");
    scene.wait("textOf('summary') === '300 services, 0 up'");
}

#[test]
#[ignore = "takes Chromium"]
fn hidden_page_asks_for_nothing_and_goes_on_when_shown() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    let hidden = scene.tab.clone();
    scene.browser.set_window(&hidden, "minimized");
    scene.wait("document.hidden");
    // Another window shows that time passes.
    scene.tab = scene.browser.open(super::scene::PREPARATION);
    scene.visit("127.0.0.1");
    scene.wait_for_refreshes(3);
    let visible = std::mem::replace(&mut scene.tab, hidden.clone());
    let before = scene.requests();
    scene.tab = visible;
    scene.wait_for_refreshes(20);
    scene.tab = hidden.clone();
    assert_eq!(scene.requests(), before);
    scene.portctl(&["get", "web"]);
    scene.browser.set_window(&hidden, "normal");
    scene.wait("stateOf('web') === 'down'");
}
