//! Large batches.

use test_support::daemon::Daemon;
use test_support::{Sandbox, wait_until};

#[test]
fn large_batches_in_progress_are_limited() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let begin = |length: usize| {
        let mut client = daemon.client();
        let head = format!(
            "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        );
        client.send(head.as_bytes());
        client
    };
    // Reserves all room for large batches without sending any of it.
    let unsent = [begin(16 << 20), begin(16 << 20)];
    let body = format!(r#"{{"requests":[],"ignored":"{}"}}"#, "x".repeat(80 << 10));
    wait_until("large batches are refused", || {
        let refused = daemon.ask("POST", "/v1/batch", &body);
        refused.status == 503
            && refused.json(503)["error"]
                .to_string()
                .contains("large batches")
    });
    // Small batches need no such room.
    let small = daemon.ask("POST", "/v1/batch", r#"{"requests":[]}"#);
    small.json(200);
    drop(unsent);
    wait_until("there is room again", || {
        daemon.ask("POST", "/v1/batch", &body).status == 200
    });
}

#[test]
fn a_connection_stays_usable_after_a_batch_response_sent_in_parts() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let item = format!(
        r#"{{"method":"DELETE","body":{{"app":"{}"}}}}"#,
        "x".repeat(100)
    );
    let batch = format!(r#"{{"requests":[{}]}}"#, vec![item; 30_000].join(","));
    let mut client = daemon.client();
    for _ in 0..10 {
        let answer = client.ask("POST", "/v1/batch", &batch);
        assert!(answer.body.len() > 1 << 20, "{}", answer.body.len());
        client.ask("GET", "/v1/daemon", "").json(200);
    }
}
