//! Hints of `portctl doctor`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::machine::{Machine, both_ways};
use test_support::{free_block, occupant_by, program};

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
        machine
            .sandbox
            .git(&machine.work(), &["init", "-q", "blog"]);
        let in_shop = |words: &[&str]| machine.run_in(&shop, words).printed().to_owned();
        let services = ["db", "it's"].map(|service| ["get", "--service", service]);
        // Ports that no other test uses.
        let before = services.map(|get| {
            let port = free_block(1).to_string();
            in_shop(&[&get[..], &["--port", &port]].concat())
        });
        let _foreign = before.each_ref().map(|port| {
            let mut command = Command::new(program("test-listener"));
            occupant_by(command.arg(port).current_dir(&blog))
        });
        // The command works in any folder.
        for get in &services {
            let printed = run_command_of(machine, Path::new("/"), &hint_of(machine, "listeners"));
            let port = in_shop(get);
            assert!(printed.ends_with(&port), "{printed}");
            assert!(!before.contains(&port), "{printed}");
        }
        let listed = in_shop(&["list", "--json"]);
        let dir = format!("\"dir\":\"{}\"", shop.display());
        assert_eq!(listed.matches(&dir).count(), 2, "{listed}");
        let findings = machine.run(&["doctor"]);
        let well = "listeners  nothing listens on any allocated port";
        assert!(findings.printed().contains(well), "{findings:?}");
    });
}
