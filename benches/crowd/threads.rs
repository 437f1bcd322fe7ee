//! Many threads that open the store at once, compared with one after the other.

use std::path::Path;
use std::thread;
use std::time::Instant;

use port_registry::{Claim, Registry, ServiceKey};

use crate::report::{BenchResult, median, print_line};

/// Measures a crowd of threads, and prints the ratio to the time in sequence.
pub(crate) fn compare_threads(home: &Path, crowd: usize, rounds: usize) -> BenchResult<()> {
    let (mut at_once, mut in_sequence) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let store = home.join(format!("crowded-{round}.redb"));
        let start = Instant::now();
        thread::scope(|scope| -> BenchResult<()> {
            let threads: Vec<_> = (0..crowd)
                .map(|number| {
                    let store = &store;
                    scope.spawn(move || open_and_allocate(store, number))
                })
                .collect();
            for thread in threads {
                thread.join().map_err(|_| "a thread panicked")??;
            }
            Ok(())
        })?;
        at_once.push(start.elapsed().as_secs_f64());
        let store = home.join(format!("orderly-{round}.redb"));
        let start = Instant::now();
        for number in 0..crowd {
            open_and_allocate(&store, number)?;
        }
        in_sequence.push(start.elapsed().as_secs_f64());
    }
    let (at_once, in_sequence) = (median(at_once), median(in_sequence));
    print_line(&format!(
        "{crowd} threads that open, allocate and close: at once {at_once:.2} s, in sequence {in_sequence:.2} s ({:.2})",
        at_once / in_sequence
    ))?;
    Ok(())
}

fn open_and_allocate(store: &Path, number: usize) -> BenchResult<()> {
    let registry = Registry::builder().with_path(store).open()?;
    allocate(&registry, number)
}

fn allocate(registry: &Registry, number: usize) -> BenchResult<()> {
    let key = ServiceKey::new(
        "crowd",
        std::process::id().to_string(),
        format!("service-{number}"),
    )?;
    registry.allocate(Claim::new(key))?;
    Ok(())
}
