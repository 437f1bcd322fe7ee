//! Other programs move, replace and restore the registry's file while the daemon runs.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use test_support::daemon::Daemon;
use test_support::store_files::{copy_store, move_store, remove_store};
use test_support::{Sandbox, wait_until};

const REMOVED: &str = "was removed or moved away; the next allocation creates a new one";
const AGAIN: &str = "there is a registry at ";
const REPLACED: &str = "was replaced by another file, which is used from now on";
const FOREIGN: &str = "is not a port registry; it was left unchanged";
const WORKS: &str = "the store works again";

struct ServedRegistry {
    sandbox: Sandbox,
    daemon: Daemon,
    /// The expected events in the log.
    told: Vec<&'static str>,
}

impl ServedRegistry {
    fn start() -> ServedRegistry {
        let sandbox = Sandbox::new();
        ServedRegistry {
            daemon: Daemon::start(&sandbox),
            sandbox,
            told: Vec::new(),
        }
    }

    fn store(&self) -> PathBuf {
        self.sandbox.store()
    }

    fn allocate(&self, service: &str) {
        let body = format!(r#"{{"app":"app","instance":"main","service":"{service}"}}"#);
        self.daemon.ask("POST", "/v1/allocations", &body).json(201);
    }

    /// Asserts that the daemon and a new process list these services, and that the daemon tells what happened, once.
    #[track_caller]
    fn assert_served(&mut self, services: &[&str], events: &[&'static str]) {
        for _ in 0..3 {
            let listed = self.daemon.ask("GET", "/v1/allocations", "").json(200);
            let listed = listed.as_array().unwrap().iter();
            let listed: Vec<&Value> = listed.map(|it| &it["service"]).collect();
            assert_eq!(listed, services);
            self.daemon.ask("GET", "/healthz", "").json(200);
        }
        if self.store().exists() {
            let own = self.sandbox.registry();
            own.verify().unwrap();
            assert_eq!(
                own.list(&port_registry::Filter::new()).unwrap().len(),
                services.len()
            );
        }
        self.assert_told(events);
    }

    #[track_caller]
    fn assert_told(&mut self, events: &[&'static str]) {
        self.told.extend(events);
        let told = || -> Vec<&str> {
            let log = self.daemon.log();
            let known = [REMOVED, AGAIN, REPLACED, FOREIGN, WORKS];
            log.lines()
                .filter_map(|line| known.into_iter().find(|it| line.contains(it)))
                .collect()
        };
        // The daemon answers before its line is written.
        wait_until("the events are logged", || told().len() >= self.told.len());
        assert_eq!(told(), self.told, "{}", self.daemon.log());
    }
}

#[test]
fn registry_that_is_moved_away_and_back_is_told_once_each() {
    let mut it = ServedRegistry::start();
    it.allocate("one");
    let moved = it.sandbox.path().join("moved.redb");
    move_store(&it.store(), &moved);
    it.assert_served(&[], &[REMOVED]);
    move_store(&moved, &it.store());
    it.assert_served(&["one"], &[AGAIN]);
    fs::remove_dir_all(it.store().parent().unwrap()).unwrap();
    it.assert_served(&[], &[REMOVED]);
    it.allocate("two");
    it.assert_served(&["two"], &[AGAIN]);
}

#[test]
fn restored_registry_is_served_whether_it_is_moved_or_copied_into_place() {
    let mut it = ServedRegistry::start();
    it.allocate("one");
    let older = it.sandbox.path().join("older.redb");
    copy_store(&it.store(), &older);
    for service in ["two", "three", "four"] {
        it.allocate(service);
        copy_store(&older, &it.store());
        it.assert_served(&["one"], &[REPLACED]);
    }
    it.allocate("two");
    move_store(&older, &it.store());
    it.assert_served(&["one"], &[REPLACED]);
    it.allocate("three");
    it.assert_served(&["one", "three"], &[]);
}

#[test]
fn file_that_is_no_registry_is_told_once_and_makes_the_daemon_unhealthy() {
    let mut it = ServedRegistry::start();
    it.allocate("one");
    let kept = it.sandbox.path().join("kept.redb");
    fs::copy(it.store(), &kept).unwrap();
    fs::write(it.store(), "something else").unwrap();
    for _ in 0..3 {
        let failed = it.daemon.ask("GET", "/v1/allocations", "").json(500);
        assert!(failed["error"].as_str().unwrap().contains(FOREIGN));
        let unhealthy = it.daemon.ask("GET", "/healthz", "").json(503);
        assert!(unhealthy["detail"].as_str().unwrap().contains(FOREIGN));
    }
    it.assert_told(&[FOREIGN]);
    fs::copy(&kept, it.store()).unwrap();
    it.assert_served(&["one"], &[WORKS]);
    remove_store(&it.store());
    fs::create_dir(it.store()).unwrap();
    let body = r#"{"app":"app","instance":"main","service":"two"}"#;
    it.daemon.ask("POST", "/v1/allocations", body).json(500);
    it.daemon.ask("GET", "/healthz", "").json(503);
    it.assert_told(&[FOREIGN]);
    fs::remove_dir(it.store()).unwrap();
    it.allocate("two");
    it.assert_served(&["two"], &[WORKS, REPLACED]);
}
