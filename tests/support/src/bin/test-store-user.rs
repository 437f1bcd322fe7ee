//! `test-store-user STORE ACTION`: uses a store, or holds its locks, in another process.

#![expect(clippy::print_stdout, reason = "a test reads it")]

use std::env;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use port_registry::{Claim, Filter, Registry, ServiceKey, Verdict};
use test_support::locks::lock_queue;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [store, action @ ..] = &words[..] else {
        panic!("usage: test-store-user STORE ACTION");
    };
    let store = Path::new(store);
    match action {
        ["allocate", app, count] => allocate(store, app, count.parse().unwrap()),
        ["hold-the-writer-lock"] => hold_the_writer_lock(store),
        ["obey"] => obey(store),
        ["list"] => list(store),
        _ => panic!("unknown action {action:?}"),
    }
}

/// Allocates ports one by one, and prints each immediately.
fn allocate(store: &Path, app: &str, count: u32) {
    let registry = Registry::builder()
        .with_path(store)
        // Long enough for a slow disk with many writers.
        .with_wait(Duration::from_secs(60))
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap();
    say("ready");
    wait_for_line();
    for number in 0..count {
        let allocation = registry.allocate(claim(app, number)).unwrap();
        say(&format!("{} {}", allocation.id, allocation.port));
    }
}

/// Stays in the middle of a commit: a part of a record is behind the last one.
fn hold_the_writer_lock(store: &Path) {
    let _lock = lock_queue(store);
    let journal = store.with_extension("redb.journal");
    let content = fs::read(&journal).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let file = OpenOptions::new().write(true).open(&journal).unwrap();
    let end = end.next_multiple_of(8).max(4096);
    file.write_all_at(&[0x68; 40], end as u64).unwrap();
    say("holding");
    wait_for_line();
}

/// Allocates a port for each line of standard input, through one open registry.
fn obey(store: &Path) {
    let registry = Registry::builder().with_path(store).open().unwrap();
    say("ready");
    for (number, line) in (0..).zip(io::stdin().lines()) {
        let answer = registry.allocate(claim(&line.unwrap(), number));
        say(&match answer {
            Ok(allocation) => format!("ok {}", allocation.port),
            Err(error) => format!("error {error}"),
        });
    }
}

/// Verifies a store, and prints the id, service and port of each allocation.
fn list(store: &Path) {
    let registry = Registry::builder().with_path(store).open().unwrap();
    registry.verify().unwrap();
    for it in registry.list(&Filter::new()).unwrap() {
        say(&format!("{} {} {}", it.id, it.key.service(), it.port));
    }
}

fn claim(app: &str, number: u32) -> Claim {
    Claim::new(ServiceKey::new(app, "main", format!("service-{number}")).unwrap())
}

fn say(line: &str) {
    println!("{line}");
}

fn wait_for_line() {
    io::stdin().read_line(&mut String::new()).unwrap();
}
