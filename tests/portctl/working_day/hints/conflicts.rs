//! Hints about conflicts of single claims.

use std::collections::HashSet;
use std::fs;

use serde_json::Value;

use super::super::machine::both_ways;
use test_support::{Ran, free_block, occupant};

use super::fixture::{clone_of_shop, follow_hint};

#[test]
fn refusal_of_a_port_names_its_holder_checkout_listener_and_a_fix() {
    both_ways(|machine| {
        let (occupant, port) = occupant();
        let text = port.to_string();
        let here = machine.work().join("here");
        fs::create_dir(&here).unwrap();
        let claim = ["allocate", "--service", "db", "--port", &text];
        machine
            .run_in(&here, &[&claim[..], &["--adopt"]].concat())
            .printed();
        let report_of = |ran: &Ran| -> Value { serde_json::from_str(ran.complained(1)).unwrap() };

        let there = machine.work().join("there");
        fs::create_dir(&there).unwrap();
        let ran = machine.run_in(&there, &[&claim[..], &["--json"]].concat());
        let report = report_of(&ran);
        let error = report["error"].as_str().unwrap();
        let holder = format!(
            "port {port} is already allocated to here/default/db (id 1, of {}), and in use by ",
            here.display()
        );
        assert!(error.starts_with(&holder), "{error}");
        assert_eq!(report["listener"]["pid"], occupant.id());
        assert_eq!(report["holder"]["dir"], here.to_str().unwrap());
        assert!(
            report["hint"]
                .as_str()
                .unwrap()
                .contains("`portctl release --id 1`")
        );

        drop(occupant);
        let ran = machine.run_in(&there, &claim);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains(", and nothing listens there\nhint: "),
            "{complaint}"
        );
        // The hint releases the port at once if the holder's checkout no longer exists.
        fs::remove_dir(&here).unwrap();
        let ran = machine.run_in(&there, &claim);
        let hint = "hint: run `portctl release --id 1`, because its checkout is gone";
        assert!(ran.complained(1).ends_with(hint), "{ran:?}");
        machine.run_in(&there, &["release", "--id", "1"]).printed();
        machine.run_in(&there, &claim).printed();
    });
}

#[test]
fn command_in_a_hint_resolves_the_conflict() {
    both_ways(|machine| {
        let (_occupant, port) = occupant();
        let port = port.to_string();
        let work = machine.work();
        // A process listens on the port, which may be the service itself.
        let claim = ["get", "db", "--port", &port];
        follow_hint(machine, &work, &machine.run(&claim));
        assert_eq!(machine.run(&claim).printed(), port);
        // Another service holds the port, and a process still listens on it afterwards.
        let rival = ["get", "--service", "the cache", "--port", &port];
        follow_hint(machine, &work, &machine.run(&rival));
        follow_hint(machine, &work, &machine.run(&rival));
        assert_eq!(machine.run(&rival).printed(), port);
        // The service has a port already, which may be the requested one.
        let allocate = ["allocate", "--service", "the cache"];
        assert_eq!(follow_hint(machine, &work, &machine.run(&allocate)), port);
        let ran = machine.run(&[&allocate[..], &["--port", &port]].concat());
        assert_eq!(follow_hint(machine, &work, &ran), port);
        // The service has a port other than the requested one.
        let free = free_block(1).to_string();
        let wanted = ["get", "--service", "the cache", "--port", &free];
        follow_hint(machine, &work, &machine.run(&wanted));
        assert_eq!(machine.run(&wanted).printed(), free);
        // A process listens on the requested one, which may be the service itself.
        let back = ["get", "--service", "the cache", "--port", &port];
        follow_hint(machine, &work, &machine.run(&back));
        assert_eq!(machine.run(&back).printed(), port);
        // A move conflicts like a claim.
        machine.run(&["get", "web"]).printed();
        let moved = ["move", "web", "--port", &port];
        follow_hint(machine, &work, &machine.run(&moved));
        follow_hint(machine, &work, &machine.run(&moved));
        assert_eq!(machine.run(&["get", "web"]).printed(), port);
        let moved = machine.run(&["move", "web"]);
        assert_eq!(moved.code, Some(0), "{moved:?}");
        machine
            .run(&[
                "allocate",
                "--service",
                "the cache",
                "--port",
                &port,
                "--adopt",
            ])
            .printed();
        // The names differ from this checkout's, need quoting, and look like flags.
        let odd = ["allocate", "--app=-a", "--instance=it's", "--service=-q"];
        let first = machine.json(&[&odd[..], &["--json"]].concat());
        let ran = machine.run(&odd);
        assert_eq!(follow_hint(machine, &work, &ran), first["port"].to_string());
        // `release` refuses to free a port of another checkout.
        machine
            .run(&[
                "get",
                "web",
                "--app",
                "x",
                "--instance",
                "y",
                "--port",
                "44",
            ])
            .printed();
        let ran = machine.run(&["release", "--port", "44"]);
        follow_hint(machine, &work, &ran);
        machine
            .run(&[
                "get",
                "web",
                "--app",
                "z",
                "--instance",
                "y",
                "--port",
                "44",
            ])
            .printed();
    });
}

#[test]
fn hints_name_services_that_look_like_something_else() {
    both_ways(|machine| {
        let (_occupant, port) = occupant();
        let port = port.to_string();
        for service in ["-q", "help", "all", "--", "it's $HOME"] {
            let named = format!("--service={service}");
            let claim = ["allocate", &named, "--port", &port];
            follow_hint(machine, &machine.work(), &machine.run(&claim));
            let again = follow_hint(machine, &machine.work(), &machine.run(&claim));
            assert_eq!(again, port, "{service}");
            let released = machine.run(&["release", &named]);
            assert_eq!(released.code, Some(0), "{released:?}");
        }
    });
}

#[test]
fn checkouts_with_the_same_names_share_no_port() {
    both_ways(|machine| {
        let folders = ["a/shop", "b/shop", "c/shop", "c/b/shop"];
        let mut ports = HashSet::new();
        for folder in folders.map(|name| machine.work().join(name)) {
            fs::create_dir_all(&folder).unwrap();
            let ran = machine.run_in(&folder, &["get", "web"]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert!(ports.insert(ran.stdout), "{}", folder.display());
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn checkout_with_a_path_that_is_not_utf8_never_uses_ports_of_another_one() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    both_ways(|machine| {
        let clones = [OsStr::new("one"), OsStr::from_bytes(b"caf\xe9")];
        let [one, other] = clones.map(|name| clone_of_shop(machine, name));
        let port = machine.run_in(&one, &["get", "web"]).printed().to_owned();
        for words in [
            &["get", "web"][..],
            &["run", "--", "true"],
            &["run", "--service", "web", "--", "true"],
            &["release"],
            &["allocate", "--service", "db"],
        ] {
            let ran = machine.run_in(&other, words);
            assert_eq!(ran.code, Some(1), "{words:?}: {ran:?}");
        }
        assert_eq!(machine.run_in(&other, &["env"]).stdout, "");
        assert_eq!(machine.run_in(&one, &["get", "web"]).printed(), port);
        // Names given explicitly are not compared with the checkout.
        let named = ["get", "web", "--app", "shop", "--instance", "other"];
        assert_ne!(machine.run_in(&other, &named).printed(), port);
    });
}
