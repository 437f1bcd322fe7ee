//! Agreement of the two backends, HTTP and in process.

use std::net::SocketAddr;
use std::thread;

use crate::PORTCTL;
use crate::version::portctl_version;
use insta::assert_snapshot;
use serde_json::{Value, json};
use test_support::daemon::Daemon;
use test_support::{Ran, Sandbox, free_block, free_port, occupant};

use super::fixture::{PORTS, Portctl};

#[test]
fn every_command_prints_the_same_over_http_and_in_process() {
    let (occupant, busy) = occupant();
    let first = free_block(PORTS);
    let in_process = Portctl::in_process(first).transcript(busy, occupant.id());
    let over_http = Portctl::over_http(first).transcript(busy, occupant.id());
    let mut settings = test_support::snapshots::settings();
    settings.add_filter(r"by [^ ]+ \(pid \[PID\]\)", "by [PROCESS] (pid [PID])");
    settings.add_filter(r#""process":"[^"]*""#, r#""process":"[PROCESS]""#);
    settings.bind(|| assert_snapshot!("backends", in_process));
    // Drop times, which may differ by a second.
    let without_times = |text: &str| {
        let parts = text.split("\"created_at\":\"").enumerate();
        let timeless = parts.map(|(at, part)| if at == 0 { part } else { &part[20..] });
        timeless.collect::<Vec<_>>().join("\"created_at\":\"")
    };
    let lines = |text: &str| -> Vec<String> {
        // The last column of tables is a time.
        let text = without_times(text);
        text.lines()
            .map(|line| match line.rsplit_once("  20") {
                Some((row, _)) => row.to_owned(),
                None => line.to_owned(),
            })
            .collect()
    };
    assert_eq!(lines(&in_process), lines(&over_http));
}

#[test]
fn concurrent_runs_on_both_backends_never_share_a_port() {
    let portctl = Portctl::over_http(free_block(PORTS));
    let ports: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = (0..12)
            .map(|number| {
                let mut command = portctl.command();
                command.args(["get", "web", "--app", &format!("app-{}", number % 4)]);
                if number % 2 == 0 {
                    command.env_remove("PORT_REGISTRY_ADDR");
                    command.env("PORT_REGISTRY_RANGE", &portctl.range);
                }
                scope.spawn(move || Ran::of(&mut command).printed().to_owned())
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for (number, port) in ports.iter().enumerate() {
        assert_eq!(*port, ports[number % 4]);
    }
    let listed = Ran::of(portctl.command().args(["list", "--all", "--json"]));
    let listed: Value = serde_json::from_str(listed.printed()).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 4);
}

#[test]
fn the_backends_agree_on_very_many_services_at_once() {
    let services: Vec<String> = (0..1500)
        .map(|number| format!("service-{number}"))
        .collect();
    let sandbox = Sandbox::in_memory();
    let daemon = Daemon::start(&sandbox);
    let run = |address: Option<SocketAddr>| {
        let mut command = sandbox.command(PORTCTL);
        if let Some(address) = address {
            command.env("PORT_REGISTRY_ADDR", address.to_string());
        }
        let ran = Ran::of(command.arg("get").args(&services));
        ran.printed().to_owned()
    };
    let ports = run(Some(daemon.address));
    assert_eq!(ports.lines().count(), services.len());
    assert_eq!(run(None), ports);
}

#[test]
fn ids_out_of_range_are_not_found() {
    let portctl = Portctl::over_http(free_block(PORTS));
    for id in ["9223372036854775808", "18446744073709551615"] {
        let ran = Ran::of(portctl.command().args(["release", "--id", id]));
        let expected = format!("error: allocation {id} not found\n");
        assert!(ran.complained(1).starts_with(&expected), "{ran:?}");
    }
}

#[test]
fn a_refusal_is_reported_in_the_words_of_the_daemon() {
    let portctl = Portctl::over_http(free_block(PORTS));
    let port = portctl.daemon.as_ref().unwrap().address.port();
    let run = |host: &str| {
        let mut command = portctl.command();
        command.env("PORT_REGISTRY_ADDR", format!("{host}:{port}"));
        Ran::of(command.args(["get", "web"]))
    };
    // 127.1 resolves to 127.0.0.1, but the daemon does not accept it as a host name.
    let ran = run("127.1");
    let refusal = format!("error: the daemon at 127.1:{port} refused the request: ");
    assert!(ran.complained(1).starts_with(&refusal), "{ran:?}");
    run("LOCALHOST").printed();
}

#[test]
fn version_includes_the_version_of_the_daemon() {
    let portctl = Portctl::over_http(free_block(PORTS));
    let daemon = portctl.daemon.as_ref().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let pid = daemon.child.id();
    let ran = Ran::of(portctl.command().arg("version"));
    assert_eq!(
        ran.printed(),
        format!("{}\nport-registry {version} (pid {pid})", portctl_version())
    );
    let ran = Ran::of(portctl.command().args(["version", "--json"]));
    let output: Value = serde_json::from_str(ran.printed()).unwrap();
    assert_eq!(output["daemon"], json!({"version": version, "pid": pid}));
    // `--version` never contacts the daemon.
    let mut command = portctl.sandbox.command(PORTCTL);
    command.env("PORT_REGISTRY_ADDR", format!("127.0.0.1:{}", free_port()));
    assert_eq!(
        Ran::of(command.arg("--version")).printed(),
        portctl_version()
    );
}
