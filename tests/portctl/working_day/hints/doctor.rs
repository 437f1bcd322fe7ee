//! Hints of `portctl doctor`.

use std::fs;
use std::path::Path;

use super::super::machine::{Machine, both_ways};
use test_support::occupant_in;

use super::fixture::run_command_of;

/// Returns the hint of a check of doctor.
fn hint_of(machine: &Machine, check: &str) -> String {
    let findings = machine.json(&["doctor", "--json"]);
    let mut findings = findings.as_array().unwrap().iter();
    let finding = findings.find(|it| it["check"] == check).unwrap();
    finding["hint"].as_str().unwrap().to_owned()
}

#[test]
fn hints_about_foreign_listeners_give_the_services_other_ports() {
    both_ways(|machine| {
        let [shop, blog] = ["the shop", "blog"].map(|name| machine.work().join(name));
        fs::create_dir(&shop).unwrap();
        fs::create_dir(&blog).unwrap();
        let foreign = [occupant_in(&blog), occupant_in(&blog)];
        let services = ["db", "it's"].map(|service| ["get", service]);
        for (get, (_, port)) in services.iter().zip(&foreign) {
            let port = port.to_string();
            let words = ["allocate", "--service", get[1], "--port", &port, "--adopt"];
            machine.run_in(&shop, &words).printed();
        }
        let in_shop = |words: &[&str]| machine.run_in(&shop, words).printed().to_owned();
        // The command works in any folder.
        for get in &services {
            let printed = run_command_of(machine, Path::new("/"), &hint_of(machine, "listeners"));
            let port = in_shop(get);
            assert_eq!(printed.lines().last(), Some(&*port));
            assert!(foreign.iter().all(|it| it.1.to_string() != port));
        }
        let listed = in_shop(&["list", "--json"]);
        let dir = format!("\"dir\":\"{}\"", shop.display());
        assert_eq!(listed.matches(&dir).count(), 2, "{listed}");
        let findings = machine.run(&["doctor"]);
        let well = "listeners  nothing listens on any allocated port";
        assert!(findings.printed().contains(well), "{findings:?}");
    });
}
