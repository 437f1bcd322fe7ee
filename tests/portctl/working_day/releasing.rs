//! Releasing the ports of a checkout.

use std::fs;

use test_support::{free_block, occupant_of};

use super::machine::{Machine, both_ways};

fn allocate(machine: &Machine, service: &str) -> u16 {
    let port = free_block(1);
    let words = ["get", service, "--port", &port.to_string()];
    machine.run(&words).printed();
    port
}

#[test]
fn release_of_all_ports_is_refused_while_one_is_in_use() {
    both_ways(|machine| {
        let ports = ["web", "api", "db"].map(|service| allocate(machine, service));
        let all = machine.held();
        for (number, others) in [
            (1, "; nothing was released"),
            (2, ", and so is 1 other; nothing was released"),
            (3, ", and so are 2 others; nothing was released"),
        ] {
            let occupants: Vec<_> = ports[..number].iter().copied().map(occupant_of).collect();
            let ran = machine.run(&["release"]);
            let complaint = ran.complained(1);
            let start = format!("error: port {} of work/default/web is in use", ports[0]);
            assert!(complaint.starts_with(&start), "{complaint}");
            assert!(complaint.contains(others), "{complaint}");
            assert!(complaint.contains("`portctl release --yes`"), "{complaint}");
            if cfg!(target_os = "linux") {
                let pid = format!("(pid {}", occupants[0].id());
                assert!(complaint.contains(&pid), "{complaint}");
            }
            assert_eq!(machine.held(), all);
        }
        let _occupant = occupant_of(ports[0]);
        // A service that is named is released, with a note of the process that still has its port.
        let ran = machine.run(&["release", "web"]);
        let note = format!("note: port {} is still in use by test-listener", ports[0]);
        assert!(
            ran.code == Some(0) && ran.stderr.starts_with(&note),
            "{ran:?}"
        );
        let _other = occupant_of(ports[1]);
        let ran = machine.run(&["release", "--dry-run"]);
        let note = format!("note: port {} is in use by test-listener", ports[1]);
        let last = "note: `portctl release` needs --yes while something listens\n";
        assert!(
            ran.code == Some(0) && ran.stderr.starts_with(&note) && ran.stderr.ends_with(last),
            "{ran:?}"
        );
        assert_eq!(machine.run(&["release", "--yes"]).code, Some(0));
        assert!(machine.held().is_empty());
    });
}

#[test]
fn port_of_this_checkout_is_released_by_its_number_whatever_its_app_is() {
    both_ways(|machine| {
        let shop = machine.work().join("shop");
        fs::create_dir(&shop).unwrap();
        let git = |words: &[&str]| machine.sandbox.git(&shop, words);
        git(&["init", "--quiet"]);
        machine.run_in(&shop, &["get", "web"]).printed();
        git(&["remote", "add", "origin", "https://example.com/me/renamed"]);
        let port = free_block(1).to_string();
        let allocate = ["allocate", "web", "--port", &port];
        let allocated = machine.run_in(&shop, &allocate);
        assert!(
            allocated.stdout.contains("renamed/main/web"),
            "{allocated:?}"
        );
        let released = machine.run_in(&shop, &["release", &port]);
        let expected = format!("released port {port} of renamed/main/web");
        assert_eq!(released.printed(), expected);
    });
}
