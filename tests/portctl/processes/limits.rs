//! Processes that exceed a resource limit.

use port_registry::Filter;
use test_support::Sandbox;
#[cfg(target_os = "linux")]
use test_support::set_limit;

use super::fixture::{patient_registry, start};

#[cfg(target_os = "linux")]
#[test]
fn registry_recovers_once_the_cause_of_an_io_error_is_gone() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let mut process = start(&store, &["obey"]);
    process.expect("ready");
    process.tell("before");
    assert!(process.hear().unwrap().starts_with("ok "));

    // A file size limit simulates a full disk.
    set_limit(process.id(), "fsize", "4096");
    process.tell("during");
    let answer = process.hear().unwrap();
    assert!(answer.starts_with("error the registry at "), "{answer}");
    set_limit(process.id(), "fsize", "unlimited");
    process.tell("after");
    let answer = process.hear().unwrap();
    assert!(answer.starts_with("ok "), "{answer}");

    let registry = patient_registry(&store);
    registry.verify().unwrap();
    let listed = registry.list(&Filter::new()).unwrap();
    let apps: Vec<_> = listed.iter().map(|it| it.key.app()).collect();
    assert_eq!(apps, ["before", "after"]);
}

#[cfg(target_os = "linux")]
#[test]
fn failed_probe_for_lack_of_descriptors_is_reported_as_an_error() {
    let sandbox = Sandbox::new();
    let mut process = start(&sandbox.store(), &["obey"]);
    process.expect("ready");
    // The second one keeps all files open that it reads.
    for _ in 0..2 {
        process.tell("before");
        assert!(process.hear().unwrap().starts_with("ok "));
    }
    set_limit(process.id(), "nofile", "0");
    process.tell("during");
    let answer = process.hear().unwrap();
    assert!(
        answer.starts_with("error cannot find out whether port "),
        "{answer}"
    );
    set_limit(process.id(), "nofile", "256");
    process.tell("after");
    assert!(process.hear().unwrap().starts_with("ok "));
}
