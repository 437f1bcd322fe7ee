//! Random runs of the registry and its model.

use std::ops::RangeInclusive;
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::comparison::Comparison;
use super::steps::steps;

/// Ranges that cross the boundaries of port preference: 3000, the ports that browsers block, and the system
/// ports.
const RANGES: [RangeInclusive<u16>; 5] = [
    3000..=3007,
    2996..=3003,
    6663..=6671,
    1020..=1027,
    987..=994,
];

/// Runs at once, because most of their time is waiting for the disk.
const RUNNERS: u32 = 4;

#[test]
fn registry_gives_the_same_answers_as_its_model() {
    let cases = std::env::var("PORT_REGISTRY_MODEL_CASES");
    let cases: u32 = cases.map_or(48, |cases| cases.parse().unwrap());
    thread::scope(|scope| {
        for _ in 0..RUNNERS {
            scope.spawn(|| run(cases.div_ceil(RUNNERS)));
        }
    });
}

fn run(cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let strategy = (0..RANGES.len(), prop::collection::vec(steps(), 1..60));
    TestRunner::new(config)
        .run(&strategy, |(range, steps)| {
            let folder = tempfile::tempdir().unwrap();
            let folder_path = folder.path().canonicalize().unwrap();
            Comparison::begin(RANGES[range].clone(), &folder_path).run(&steps);
            Ok(())
        })
        .unwrap();
}
