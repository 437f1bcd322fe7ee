//! Processes killed while they write.

use std::collections::BTreeSet;

use port_registry::Filter;
use test_support::{Sandbox, soak};

use crate::PORTCTL;

use super::fixture::{claim, patient_registry, start};

#[test]
fn process_killed_during_a_transaction_leaves_no_lock_and_no_changes() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let registry = patient_registry(&store);
    let first = registry.allocate(claim("app", 1)).unwrap();

    let mut killed = start(&store, &["hold-the-writer-lock"]);
    killed.expect("holding");
    killed.kill();

    let second = registry.allocate(claim("app", 2)).unwrap();
    assert_eq!(second.id.get(), first.id.get() + 1);
    assert_eq!(second.port.get(), first.port.get() + 1);
    registry.verify().unwrap();
    // A registry opened afterwards is not affected either.
    drop(registry);
    patient_registry(&store).verify().unwrap();
    let ran = sandbox.run(PORTCTL, &["get", "web"]);
    assert!(ran.printed().parse::<u16>().is_ok());
}

#[test]
fn allocations_reported_before_a_kill_survive_it() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let mut reported = BTreeSet::new();
    for round in 0..6 * soak() {
        let mut process = start(&store, &["allocate", &format!("app-{round}"), "100000"]);
        process.expect("ready");
        process.tell("go");
        for _ in 0..=round % 5 * 7 {
            reported.insert(process.hear().unwrap());
        }
        // The output may hold further lines printed before the kill.
        reported.extend(process.kill());
        let registry = patient_registry(&store);
        registry.verify().unwrap();
        let listed = registry.list(&Filter::new()).unwrap();
        let held: BTreeSet<_> = listed
            .iter()
            .map(|it| format!("{} {}", it.id, it.port))
            .collect();
        assert!(
            reported.is_subset(&held),
            "lost: {:?}",
            reported.difference(&held)
        );
        // Each kill leaves at most one committed allocation unreported.
        assert!(held.len() <= reported.len() + 1 + round as usize);
    }
}
