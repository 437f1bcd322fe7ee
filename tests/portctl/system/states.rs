//! The state of each service, in `portctl list` and `GET /v1/status`.

use std::path::Path;

use serde_json::Value;

use super::scene::{Scene, both_ways};
use test_support::{Ran, free_block};

/// Allocates ports in a folder.
fn get(scene: &Scene, folder: &Path, services: &[&str]) -> Vec<u16> {
    let ran = scene.run_in(folder, &[&["get"], services].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.lines().map(|it| it.parse().unwrap()).collect()
}

/// Returns a field of the rows of a list.
fn fields(listed: &Value, name: &str) -> Vec<Value> {
    let rows = listed.as_array().unwrap().iter();
    rows.map(|it| it[name].clone()).collect()
}

/// Returns the column STATE, by service.
fn states(table: &str) -> Vec<(&str, &str)> {
    let mut lines = table.lines().map(str::split_whitespace);
    let heading: Vec<&str> = lines.next().unwrap().collect();
    let column = |name: &str| heading.iter().position(|it| *it == name).unwrap();
    let (service, state) = (column("SERVICE"), column("STATE"));
    let rows = lines.map(Iterator::collect::<Vec<_>>);
    rows.map(|it| (it[service], it[state])).collect()
}

/// Asserts that a command prints the same in process as through the daemon.
#[track_caller]
fn assert_agreed(scene: &Scene, folder: &Path, words: &[&str]) {
    let mut in_process = scene.command("portctl");
    in_process.env_remove("PORT_REGISTRY_ADDR").args(words);
    let in_process = Ran::of(in_process.current_dir(folder));
    let ran = scene.run_in(folder, words);
    assert_eq!(ran.stdout, in_process.stdout, "{words:?}");
    assert_eq!(ran.stderr, in_process.stderr, "{words:?}");
}

#[test]
fn state_tells_whose_listener_has_the_port() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let ports = get(scene, &shop, &["up", "foreign", "unknown", "down"]);
        let serve = |folder: &Path, port: u16| scene.listen(folder, &[&port.to_string()]).0;
        let own = serve(&shop, ports[0]);
        let other = serve(&blog, ports[1]);
        let unknown = serve(Path::new("/"), ports[2]);
        let listed = scene.json_in(&shop, &["list", "--json"]);
        let expected = ["up", "foreign", "up?", "down"];
        assert_eq!(fields(&listed, "state"), expected);
        let urls: Vec<String> = ports
            .iter()
            .map(|it| format!("http://localhost:{it}"))
            .collect();
        assert_eq!(fields(&listed, "url"), urls);
        let pids: Vec<&Value> = (0..3).map(|at| &listed[at]["listener"]["pid"]).collect();
        assert_eq!(pids, [own.id(), other.id(), unknown.id()]);
        assert_eq!(listed[0]["listener"]["checkout"], shop.to_str().unwrap());
        assert_eq!(listed[1]["listener"]["checkout"], blog.to_str().unwrap());
        assert!(listed[3].get("listener").is_none(), "{listed}");
        assert!(
            fields(&listed, "elsewhere").iter().all(Value::is_null),
            "{listed}"
        );

        let ran = scene.run_in(&shop, &["list"]);
        let services = ["up", "foreign", "unknown", "down"];
        let rows: Vec<_> = services.into_iter().zip(expected).collect();
        assert_eq!(states(&ran.stdout), rows, "{ran:?}");
        let note = format!(
            "note: port {} of foreign is in use by test-listener (pid {}, in {blog}); it belongs to another checkout, {blog}; `portctl move foreign` gives the service another port\n",
            ports[1],
            other.id(),
            blog = blog.display()
        );
        assert_eq!(ran.stderr, note);
        for words in [
            &["list"][..],
            &["list", "--json"],
            &["list", "--all"],
            &["list", "up"],
        ] {
            assert_agreed(scene, &shop, words);
        }
        drop((own, other, unknown));
        let listed = scene.json_in(&shop, &["list", "--json"]);
        assert_eq!(fields(&listed, "state"), ["down"; 4]);
    });
}

#[test]
fn notes_name_a_few_of_many_foreign_listeners() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let ports = get(scene, &shop, &["a", "b", "c", "d", "e", "f", "g"]);
        let serve = |port: &u16| scene.listen(&blog, &[&port.to_string()]).0;
        let _others: Vec<_> = ports.iter().map(serve).collect();
        for (words, first, last) in [
            (&["list"][..], "portctl move a", "portctl list --json"),
            (
                &["list", "--all"],
                &*format!(
                    "cd {} && portctl move --app shop --instance main a",
                    shop.display()
                ),
                "portctl list --all --json",
            ),
        ] {
            let ran = scene.run_in(&shop, words);
            let notes: Vec<&str> = ran.stderr.lines().collect();
            assert_eq!(notes.len(), 6, "{ran:?}");
            let end = format!("; `{first}` gives the service another port");
            assert!(notes[0].ends_with(&end), "{ran:?}");
            assert_eq!(notes[5], format!("note: and 2 more: `{last}`"));
        }
    });
}

#[test]
fn process_on_a_wrong_port_is_noted() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let [web, api] = get(scene, &shop, &["web", "api"])[..] else {
            panic!("two ports are allocated");
        };
        get(scene, &blog, &["web"]);
        let _api = scene.listen(&shop, &[&api.to_string()]);
        let (stray, port) = scene.listen(&shop, &["0"]);
        // Neither another checkout's process nor an unknown one can be the service.
        let _others = [&blog, Path::new("/")].map(|folder| scene.listen(folder, &["0"]));
        let listed = scene.json_in(&shop, &["list", "--json"]);
        assert_eq!(fields(&listed, "state"), ["down", "up"]);
        let elsewhere = listed[0]["elsewhere"].as_array().unwrap();
        assert_eq!(elsewhere.len(), 1, "{listed}");
        assert_eq!(elsewhere[0]["port"], port);
        assert_eq!(elsewhere[0]["listener"]["pid"], stray.id());
        assert!(listed[1].get("elsewhere").is_none(), "{listed}");
        let ran = scene.run_in(&shop, &["list"]);
        let note = format!(
            "note: test-listener (pid {}, in {}) listens on {port}; web's port is {web}\n",
            stray.id(),
            shop.display()
        );
        assert_eq!(ran.stderr, note);
        assert_agreed(scene, &shop, &["list"]);
        assert_agreed(scene, &shop, &["list", "--json"]);
        drop(stray);
        assert_eq!(scene.run_in(&shop, &["list"]).stderr, "");
    });
}

#[test]
fn process_on_the_port_of_another_checkout_is_noted_with_the_holder() {
    both_ways(Scene::new, |scene| {
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let web = get(scene, &shop, &["web"])[0];
        let theirs = get(scene, &blog, &["api"])[0];
        // As Vite does if a port is taken for a moment.
        let (stray, _) = scene.listen(&shop, &[&theirs.to_string()]);
        let listed = scene.json_in(&shop, &["list", "--json"]);
        let elsewhere = listed[0]["elsewhere"].as_array().unwrap();
        assert_eq!(elsewhere.len(), 1, "{listed}");
        assert_eq!(elsewhere[0]["port"], theirs);
        assert_eq!(elsewhere[0]["holder"]["service"], "api");
        assert_eq!(elsewhere[0]["listener"]["pid"], stray.id());
        let (pid, shop_dir, blog_dir) = (stray.id(), shop.display(), blog.display());
        let process = format!("test-listener (pid {pid}, in {shop_dir})");
        let place = format!(
            "listens on {theirs}, which is allocated to blog/main/api (id 2, of {blog_dir})"
        );
        let ran = scene.run_in(&shop, &["list"]);
        assert_eq!(
            ran.stderr,
            format!("note: {process} {place}; web's port is {web}\n")
        );
        let ran = scene.run_in(&shop, &["wait", "web", "--timeout", "0"]);
        let place = format!("{process} of the same checkout {place}");
        assert!(ran.complained(1).contains(&place), "{ran:?}");
        assert_agreed(scene, &shop, &["list"]);
        assert_agreed(scene, &shop, &["list", "--json"]);
        // With a port of its own it is in its place.
        let more = get(scene, &shop, &["more"])[0];
        drop(stray);
        let also = format!("also={theirs}");
        let _server = scene.listen(&shop, &[&more.to_string(), &also]);
        assert_eq!(scene.run_in(&shop, &["list"]).stderr, "");
    });
}

#[test]
fn service_without_a_checkout_has_an_unknown_listener() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let typed = ["--app", "other", "--instance", "main"];
        let with = |words: &[&str]| scene.run_in(&shop, &[words, &typed].concat());
        let got = with(&["get", "web"]);
        let port = got.printed().to_owned();
        // Nobody knows if this is the server of the service.
        for folder in [&shop, &scene.repository("blog")] {
            let server = scene.listen(folder, &[&port]).0;
            let words = [&["list", "--json"][..], &typed].concat();
            let listed = scene.json_in(&shop, &words);
            assert_eq!(fields(&listed, "state"), ["up?"], "{listed}");
            let checked = with(&["check", "web", "--json"]);
            let status: Value = serde_json::from_str(&checked.stdout).unwrap();
            assert_eq!(status["owner"], "unknown", "{status}");
            let waited = with(&["wait", "web", "--json"]);
            let awaited: Value = serde_json::from_str(&waited.stdout).unwrap();
            assert_eq!(fields(&awaited, "state"), ["up?"], "{waited:?}");
            assert_eq!(waited.code, Some(0), "{waited:?}");
            assert_eq!(with(&["wait", "web", "--strict"]).code, Some(1));
            let mut open = scene.command("portctl");
            open.args(["open", "web"]).args(typed).current_dir(&shop);
            // Without a browser on the PATH, the note is all.
            let opened = Ran::of(open.env("PATH", scene.sandbox.home()));
            let note = opened.stderr.lines().next().unwrap();
            assert!(note.contains("its checkout is unknown"), "{opened:?}");
            drop(server);
        }
    });
}

#[test]
fn process_on_its_own_port_may_have_others() {
    both_ways(Scene::new, |scene| {
        let shop = scene.repository("shop");
        let ports = get(scene, &shop, &["web", "db"]);
        // As Vite has one for hot updates.
        let more = format!("also={}", free_block(1));
        let _server = scene.listen(&shop, &[&ports[0].to_string(), &more]);
        let ran = scene.run_in(&shop, &["list"]);
        assert_eq!(states(&ran.stdout), [("web", "up"), ("db", "down")]);
        assert_eq!(ran.stderr, "");
        let listed = scene.json_in(&shop, &["list", "--json"]);
        assert!(listed[1].get("elsewhere").is_none(), "{listed}");
    });
}

#[test]
fn one_request_answers_the_states_of_all_services() {
    both_ways(Scene::new, |scene| {
        let Some(daemon) = &scene.daemon else { return };
        let [shop, blog] = ["shop", "blog"].map(|name| scene.repository(name));
        let ports = get(scene, &shop, &["web", "db"]);
        get(scene, &blog, &["web"]);
        let _server = scene.listen(&shop, &[&ports[0].to_string()]);
        let ask = |query: &str| {
            let path = format!("/v1/status{query}");
            daemon.ask("GET", &path, "").json(200)
        };
        let all = ask("");
        assert_eq!(fields(&all, "id"), [1, 2, 3]);
        assert_eq!(fields(&all, "state"), ["up", "down", "down"]);
        assert_eq!(all, scene.json_in(&shop, &["list", "--all", "--json"]));
        for (query, ids) in [
            ("?app=shop", &[1, 2][..]),
            ("?service=web", &[1, 3]),
            ("?app=shop&service=db", &[2]),
            (&format!("?port={}", ports[1]), &[2]),
            (&format!("?dir={}", blog.display()), &[3]),
            ("?app=other", &[]),
        ] {
            assert_eq!(fields(&ask(query), "id"), ids, "{query}");
        }
        assert_eq!(daemon.ask("GET", "/v1/status?port=x", "").status, 400);
    });
}
