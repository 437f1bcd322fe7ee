//! The clock jumps forward and back, with libfaketime.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::observed::{allocations, rows};
use crate::PORTCTL;
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox, is_available, wait_until};

/// Path of the library in Debian. The loader expands `$LIB`.
const LIBRARY: &str = "/usr/$LIB/faketime/libfaketimeMT.so.1";

/// Times of the clock, in order, each with the recorded `created_at`. Times before 1970 are recorded as its
/// start.
const TIMES: [(&str, &str); 5] = [
    ("2030-05-06 07:08:09", "2030-05-06T07:08:09Z"),
    ("2029-05-06 07:08:09", "2029-05-06T07:08:09Z"),
    ("1969-07-20 20:17:40", "1970-01-01T00:00:00Z"),
    ("2100-03-01 00:00:00", "2100-03-01T00:00:00Z"),
    ("2028-02-29 12:00:00", "2028-02-29T12:00:00Z"),
];

/// Makes a command read its clock from a file.
fn set_clock(command: &mut Command, file: &Path) {
    command
        .env("LD_PRELOAD", LIBRARY)
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("TZ", "UTC");
}

/// Sets the time of the clock. Replaces the file atomically, because the daemon reads it at any moment.
fn set_time(sandbox: &Sandbox, time: &str) {
    let file = clock(sandbox);
    let draft = file.with_extension("draft");
    fs::write(&draft, format!("{time}\n")).unwrap();
    fs::rename(draft, file).unwrap();
}

fn clock(sandbox: &Sandbox) -> PathBuf {
    sandbox.path().join("clock")
}

fn can_fake_time() -> bool {
    let sandbox = Sandbox::new();
    set_time(&sandbox, TIMES[0].0);
    let mut trial = sandbox.command("sh");
    set_clock(&mut trial, &clock(&sandbox));
    is_available(
        "libfaketime",
        trial.args(["-c", r#"test "$(date -u +%Y)" = 2030"#]),
    )
}

/// Asserts that the allocations have consecutive ids and these times.
#[track_caller]
fn assert_made_at(sandbox: &Sandbox, times: &[&str]) {
    let listed = allocations(sandbox);
    let ids: Vec<u64> = listed.iter().map(|it| it.id.get()).collect();
    let expected: Vec<u64> = (1..).take(times.len()).collect();
    assert_eq!(ids, expected);
    for (allocation, time) in listed.iter().zip(times) {
        let created = serde_json::to_value(allocation).unwrap()["created_at"].clone();
        assert_eq!(created, *time);
    }
}

#[test]
fn portctl_orders_allocations_by_id_when_the_clock_jumps_back() {
    if !can_fake_time() {
        return;
    }
    let sandbox = Sandbox::new();
    let mut printed = Vec::new();
    for (number, (time, _)) in TIMES.iter().enumerate() {
        set_time(&sandbox, time);
        let mut command = sandbox.command(PORTCTL);
        set_clock(&mut command, &clock(&sandbox));
        let ran = Ran::of(command.args(["get", &format!("service-{number}")]));
        printed.push(ran.printed().parse::<u16>().unwrap());
    }
    let ports: Vec<u16> = rows(&sandbox).into_iter().map(|row| row.2).collect();
    assert_eq!(ports, printed);
    assert_made_at(&sandbox, &TIMES.map(|time| time.1));
}

#[test]
fn daemon_orders_allocations_by_id_when_the_clock_jumps_back() {
    if !can_fake_time() {
        return;
    }
    let sandbox = Sandbox::new();
    set_time(&sandbox, TIMES[0].0);
    let mut command = sandbox.command(&*PORT_REGISTRY);
    set_clock(&mut command, &clock(&sandbox));
    let mut daemon = Daemon::spawn(command.args(["--port", "0"]));
    // The jumps must not make the connection time out.
    let mut client = daemon.client();
    for (number, (time, written)) in TIMES.iter().enumerate() {
        set_time(&sandbox, time);
        let body = format!(r#"{{"app":"app","instance":"main","service":"s-{number}"}}"#);
        let answer = client.ask("POST", "/v1/allocations", &body).json(201);
        assert_eq!(answer["id"], number + 1);
        assert_eq!(answer["created_at"], *written);
        client.ask("GET", "/healthz", "").json(200);
    }
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    assert_made_at(&sandbox, &TIMES.map(|time| time.1));
}

#[test]
fn daemon_survives_a_clock_before_1970_and_dates_its_responses_correctly_afterwards() {
    if !can_fake_time() {
        return;
    }
    let sandbox = Sandbox::new();
    let set = |time| set_time(&sandbox, time);
    set(TIMES[0].0);
    let mut command = sandbox.command(&*PORT_REGISTRY);
    set_clock(&mut command, &clock(&sandbox));
    let mut daemon = Daemon::spawn(command.args(["--port", "0"]));
    let mut client = daemon.client();
    let mut date = || {
        let answer = client.ask("GET", "/healthz", "");
        answer.json(200);
        answer.header("date").unwrap().to_owned()
    };
    assert!(date().starts_with("Mon, 06 May 2030 "));
    set(TIMES[2].0);
    assert_eq!(date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    // The HTTP library's own clock fails at its next tick.
    wait_until("the clock's task has ended", || {
        daemon.log().contains("all times should be after the epoch")
    });
    assert_eq!(date(), "Thu, 01 Jan 1970 00:00:00 GMT");
    set("2031-05-06 07:08:09");
    assert!(date().starts_with("Tue, 06 May 2031 "));
    // New connections are served, and closed when the client wants it.
    let mut client = daemon.client();
    let headers = ["Host: localhost", "Connection: close"];
    let answer = client.ask_with("GET", "/v1/allocations", &headers, "");
    assert_eq!(answer.json(200), serde_json::json!([]));
    assert!(client.is_closed());
    daemon.signal("TERM");
    assert!(daemon.wait().success());
}

#[test]
fn daemon_does_not_start_while_the_clock_is_before_1970() {
    if !can_fake_time() {
        return;
    }
    let sandbox = Sandbox::new();
    set_time(&sandbox, TIMES[2].0);
    let mut command = sandbox.command(&*PORT_REGISTRY);
    set_clock(&mut command, &clock(&sandbox));
    let ran = Ran::of(command.args(["--port", "0"]));
    let error = ran.complained(1);
    let expected = "error: the clock is set to a time before 1970 or after 9999; set it, for example with date";
    assert_eq!(error, expected);
}

#[test]
fn daemon_serves_on_after_a_suspension_in_which_all_clocks_advance() {
    if !can_fake_time() {
        return;
    }
    let sandbox = Sandbox::new();
    set_time(&sandbox, "+0");
    let mut command = sandbox.command(&*PORT_REGISTRY);
    set_clock(&mut command, &clock(&sandbox));
    command.env_remove("FAKETIME_DONT_FAKE_MONOTONIC");
    let mut daemon = Daemon::spawn(command.args(["--port", "0"]));
    let claim = |service| format!(r#"{{"app":"app","instance":"main","service":"{service}"}}"#);
    let [mut idle, mut half, mut waiting] = [(); 3].map(|()| daemon.client());
    idle.ask("POST", "/v1/allocations", &claim("idle"))
        .json(201);
    half.send(b"POST /v1/allocations HTTP/1.1\r\nHost: loc");
    // Both are being read.
    daemon.ask("GET", "/healthz", "").json(200);
    daemon.suspend();
    waiting.post(&claim("waiting"));
    set_time(&sandbox, "+1d");
    let mut late = daemon.client();
    late.post(&claim("late"));
    daemon.signal("CONT");
    late.receive("POST").json(201);
    // The other clients have been silent for a day, as far as the daemon can tell.
    for client in [&mut idle, &mut half, &mut waiting] {
        if let Ok(answer) = client.try_receive("POST") {
            assert!([201, 408, 503].contains(&answer.status), "{answer:?}");
        }
    }
    let answer = daemon.ask("POST", "/v1/allocations", &claim("new"));
    let number = answer.json(201)["id"].as_u64().unwrap();
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed.as_array().unwrap().len() as u64, number);
    daemon.signal("TERM");
    assert!(daemon.wait().success());
}
