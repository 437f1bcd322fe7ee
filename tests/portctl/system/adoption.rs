//! Registering ports that something listens on already: this checkout's, another's, or one that cannot be told.

use std::fs;
use std::path::{Path, PathBuf};

use super::scene::{Scene, both_ways};
use test_support::daemon::Daemon;
use test_support::helper::Helper;

/// A checkout `shop`, and a listener in a folder.
struct Case {
    shop: PathBuf,
    _server: Helper,
    port: u16,
}

impl Case {
    fn new(scene: &Scene, folder: Option<&str>) -> Case {
        let shop = scene.repository("shop");
        let folder = folder.map_or(PathBuf::from("/"), |name| scene.repository(name));
        let (server, port) = scene.listen(&folder, &["0"]);
        let compose = format!("services:\n  web:\n    ports: ['{port}:80']\n");
        fs::write(shop.join("compose.yaml"), compose).unwrap();
        Case {
            shop,
            _server: server,
            port,
        }
    }

    /// Runs a command that must fail, and asserts that it registers nothing and tells to end no process.
    #[track_caller]
    fn refused(&self, scene: &Scene, words: &[&str]) -> String {
        let ran = scene.run_in(&self.shop, words);
        let error = ran.complained(1).to_owned();
        let (_, hint) = error.split_once("\nhint: ").unwrap();
        for word in ["kill", "stop", "end it", "terminate"] {
            assert!(!hint.contains(word), "{hint}");
        }
        let listed = scene.run_in(&self.shop, &["list", "--json", "--all"]);
        assert_eq!(listed.printed(), "[]", "{words:?}");
        error
    }
}

/// The commands that take a port only if nothing listens on it.
fn careful(port: &str) -> [Vec<&str>; 2] {
    ["allocate", "get"].map(|command| vec![command, "web", "--port", port])
}

#[track_caller]
fn assert_registers(scene: &Scene, folder: &Path, words: &[&str]) {
    let ran = scene.run_in(folder, words);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let listed = scene.json_in(folder, &["list", "--json"]);
    assert_eq!(listed[0]["service"], "web", "{listed}");
}

#[test]
fn listener_of_this_checkout_is_registered() {
    for words in ["allocate web --adopt --port", "scan --register"] {
        both_ways(Scene::new, |scene| {
            let case = Case::new(scene, Some("shop"));
            let port = case.port.to_string();
            for words in careful(&port) {
                let error = case.refused(scene, &words);
                assert!(error.contains("; it belongs to this checkout"), "{error}");
                let hint = format!("`portctl allocate web --port {port} --adopt` registers it");
                assert!(error.contains(&hint), "{error}");
            }
            let mut words: Vec<&str> = words.split(' ').collect();
            words.extend((words[0] == "allocate").then_some(port.as_str()));
            assert_registers(scene, &case.shop, &words);
            let listed = scene.json_in(&case.shop, &["list", "--json"]);
            assert_eq!(listed[0]["state"], "up");
        });
    }
}

#[test]
fn listener_of_another_checkout_is_never_registered() {
    both_ways(Scene::new, |scene| {
        let case = Case::new(scene, Some("blog"));
        let port = case.port.to_string();
        let adopt = vec!["allocate", "web", "--adopt", "--port", &port];
        let commands = careful(&port).into_iter().chain([
            adopt,
            vec!["scan", "--register"],
            vec!["scan", "--register", "--adopt"],
        ]);
        let blog = scene.work().join("blog");
        let owner = format!("; it belongs to another checkout, {}", blog.display());
        for words in commands {
            let error = case.refused(scene, &words);
            assert!(error.contains(&owner), "{words:?}: {error}");
            let (_, hint) = error.split_once("\nhint: ").unwrap();
            assert!(!hint.contains("--adopt`"), "{words:?}: {hint}");
        }
    });
}

#[test]
fn listener_whose_checkout_is_unknown_is_registered_if_asked() {
    for (without, with) in [
        (
            "allocate web --port PORT",
            "allocate web --port PORT --adopt",
        ),
        ("get web --port PORT", "allocate web --port PORT --adopt"),
        ("scan --register", "scan --register --adopt"),
    ] {
        both_ways(Scene::new, |scene| {
            let case = Case::new(scene, None);
            let port = case.port.to_string();
            let [without, with] = [without, with].map(|it| it.replace("PORT", &port));
            let words: Vec<&str> = without.split(' ').collect();
            let error = case.refused(scene, &words);
            assert!(
                error.contains("; its checkout is unknown, because"),
                "{error}"
            );
            let hint =
                format!("if the service itself listens there, `portctl {with}` registers it");
            assert!(error.contains(&hint), "{error}");
            let words: Vec<&str> = with.split(' ').collect();
            assert_registers(scene, &case.shop, &words);
            let listed = scene.json_in(&case.shop, &["list", "--json"]);
            assert_eq!(listed[0]["state"], "up?");
        });
    }
}

#[test]
fn scan_registers_nothing_if_one_listener_is_foreign() {
    both_ways(Scene::new, |scene| {
        let case = Case::new(scene, Some("blog"));
        let (_own, own) = scene.listen(&case.shop, &["0"]);
        let compose = format!(
            "services:\n  api:\n    ports: ['{own}:80']\n  web:\n    ports: ['{}:80']\n",
            case.port
        );
        fs::write(case.shop.join("compose.yaml"), compose).unwrap();
        for words in [
            &["scan", "--register"][..],
            &["scan", "--register", "--adopt"],
        ] {
            let error = case.refused(scene, words);
            let start = format!(
                "error: nothing was registered: compose.yaml:5: port {} of web is in use by test-listener",
                case.port
            );
            assert!(error.starts_with(&start), "{error}");
        }
    });
}

#[test]
fn scan_reports_listeners_and_conflicts_of_the_registry_at_once() {
    both_ways(Scene::new, |scene| {
        let case = Case::new(scene, Some("blog"));
        let blog = scene.work().join("blog");
        let taken = scene.json_in(&blog, &["allocate", "db", "--json"])["port"].to_string();
        let held = scene.json_in(&case.shop, &["allocate", "api", "--json"])["port"].to_string();
        let (held_by, _) = scene.listen(&case.shop, &[&held]);
        let (_own, own) = scene.listen(&case.shop, &["0"]);
        let compose = format!(
            "services:\n  api:\n    ports: ['{own}:80']\n  db:\n    ports: ['{taken}:80']\n  web:\n    ports: ['{}:80']\n",
            case.port
        );
        fs::write(case.shop.join("compose.yaml"), compose).unwrap();
        let ran = scene.run_in(&case.shop, &["scan", "--register"]);
        let error = ran.complained(1);
        for part in [
            "3 of 3 ports cannot be registered, so none was registered".to_owned(),
            format!("compose.yaml:3: port {own} of api cannot be registered: "),
            format!(" already has port {held}, "),
            format!(", which is in use by test-listener (pid {}", held_by.id()),
            format!(
                "`portctl move api --port {own} --adopt` gives it the port that is written there"
            ),
            format!("compose.yaml:5: port {taken} of db is allocated to "),
            format!(
                "compose.yaml:7: port {} of web is in use by test-listener",
                case.port
            ),
        ] {
            assert!(error.contains(&part), "{part}: {error}");
        }
        let own = own.to_string();
        let ran = scene.run_in(&case.shop, &["move", "api", "--port", &own, "--adopt"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    });
}

#[test]
fn scan_refuses_a_foreign_listener_on_the_port_of_a_service_that_has_another() {
    for (place, has_adopt_hint) in [(Some("blog"), false), (None, true)] {
        both_ways(Scene::new, |scene| {
            let case = Case::new(scene, place);
            assert_eq!(scene.run_in(&case.shop, &["get", "web"]).code, Some(0));
            let ran = scene.run_in(&case.shop, &["scan", "--register"]);
            let error = ran.complained(1);
            let port = case.port;
            let in_use = format!("port {port} of web is in use by test-listener");
            assert!(error.contains(&in_use), "{error}");
            let adopting = format!("`portctl move web --port {port} --adopt` registers it");
            assert_eq!(error.contains(&adopting), has_adopt_hint, "{error}");
            assert_eq!(error.contains("portctl move"), has_adopt_hint, "{error}");
            let words = ["move", "web", "--port", &port.to_string(), "--adopt"];
            let moved = scene.run_in(&case.shop, &words);
            assert_eq!(moved.code, Some(i32::from(!has_adopt_hint)), "{moved:?}");
        });
    }
}

#[test]
fn port_of_the_daemon_is_never_adopted() {
    let scene = Scene::new();
    let shop = scene.repository("shop");
    let mut command = scene.command("port-registry");
    let daemon = Daemon::spawn(command.args(["--port", "0"]).current_dir(&shop));
    let port = daemon.address.port();
    let compose = format!("services:\n  web:\n    ports: ['{port}:80']\n");
    fs::write(shop.join("compose.yaml"), compose).unwrap();
    let port = port.to_string();
    for words in [
        &["allocate", "web", "--port", &port][..],
        &["allocate", "web", "--port", &port, "--adopt"],
        &["scan", "--register"],
        &["scan", "--register", "--adopt"],
    ] {
        let ran = scene.run_in(&shop, words);
        let error = ran.complained(1);
        assert!(error.contains("; it is port-registry's daemon"), "{error}");
        let (_, hint) = error.split_once("\nhint: ").unwrap();
        assert!(!hint.contains("--adopt`"), "{words:?}: {hint}");
    }
}
