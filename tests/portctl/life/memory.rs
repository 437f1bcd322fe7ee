//! The daemon's memory after a burst of large requests.

use std::fs;
use std::thread;

use test_support::daemon::Client;

use crate::machine::Machine;

/// Number of allocations in a batch.
const BATCH: u16 = 20_000;
/// Number of clients that send a batch at the same time.
const CLIENTS: usize = 8;

/// Returns a value of `/proc/PID/status` in KiB.
fn memory(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

#[test]
#[ignore = "takes ten seconds"]
fn memory_of_a_burst_is_given_back() {
    let machine = Machine::new();
    let pid = machine.start();
    let before = memory(pid, "VmRSS:");
    let item = |number: u16| {
        let port = 3000 + number;
        format!(
            r#"{{"method":"POST","body":{{"app":"app","instance":"main","service":"{port}","port":{port},"adopt":true}}}}"#
        )
    };
    let items: Vec<String> = (0..BATCH).map(item).collect();
    let batch = format!(r#"{{"requests":[{}]}}"#, items.join(","));
    let send = || {
        let mut client = Client::connect(machine.address);
        client.ask("POST", "/v1/batch", &batch).status
    };
    assert_eq!(send(), 200);
    // The services are taken now, so that each answer names a holder for each request.
    thread::scope(|scope| {
        let clients = [(); CLIENTS].map(|()| scope.spawn(send));
        for client in clients {
            let status = client.join().unwrap();
            // A client whose turn does not come in time is told so.
            assert!([409, 503].contains(&status), "{status}");
        }
    });
    for _ in 0..100 {
        let mut client = Client::connect(machine.address);
        client.ask("GET", "/v1/allocations/1", "").json(200);
    }
    let [peak, after] = ["VmHWM:", "VmRSS:"].map(|name| memory(pid, name));
    let report = format!("{before} KiB before, {peak} KiB at most, {after} KiB after");
    assert!(peak - before > 50 << 10, "{report}");
    // glibc's defaults would keep more than four fifths.
    assert!((after - before) * 5 < (peak - before) * 3, "{report}");
    machine.run(&["stop"]).printed();
}
