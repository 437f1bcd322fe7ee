//! Processes that are killed.

use std::collections::BTreeSet;

use port_registry::Filter;
use test_support::{Sandbox, soak};

use crate::PORTCTL;

use super::fixture::{claim, patient_registry, start};

#[test]
fn a_process_killed_in_mid_transaction_blocks_nobody_and_leaves_no_trace() {
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
    // And to those that come new.
    drop(registry);
    patient_registry(&store).verify().unwrap();
    let ran = sandbox.run(PORTCTL, &["get", "web"]);
    assert!(ran.printed().parse::<u16>().is_ok());
}

#[test]
fn allocations_told_before_a_kill_are_there_afterwards() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let mut told = BTreeSet::new();
    for round in 0..6 * soak() {
        let mut process = start(&store, &["allocate", &format!("app-{round}"), "100000"]);
        process.expect("ready");
        process.tell("go");
        for _ in 0..=round % 5 * 7 {
            told.insert(process.hear().unwrap());
        }
        // What it said before it died counts too.
        told.extend(process.kill());
        let registry = patient_registry(&store);
        registry.verify().unwrap();
        let listed = registry.list(&Filter::new()).unwrap();
        let held: BTreeSet<_> = listed
            .iter()
            .map(|it| format!("{} {}", it.id, it.port))
            .collect();
        assert!(told.is_subset(&held), "lost: {:?}", told.difference(&held));
        // At most the one that was being told was not.
        assert!(held.len() <= told.len() + 1 + round as usize);
    }
}
