//! Foreign servers at the daemon's address, and daemons of other addresses or registries.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::PORTCTL;
use crate::machine::Machine;
use port_registry::PortUse;
use port_registry::daemon::Presence;
#[cfg(target_os = "linux")]
use serde_json::Value;
use serde_json::json;
use test_support::daemon::{Daemon, PORT_REGISTRY};
#[cfg(target_os = "linux")]
use test_support::helper::Helper;
#[cfg(target_os = "linux")]
use test_support::user_of;
use test_support::{Ran, free_block, wait_until};

use super::fixture::{Stranger, impostor, ok};
#[cfg(target_os = "linux")]
use super::fixture::{assert_harmless, claim};

#[test]
fn foreign_server_at_the_address_is_named_and_not_stopped() {
    let body = r#"{"status":"ok"}"#;
    let identity = "X-Port-Registry: 0.1.0; pid=1\r\n";
    for (answer, what) in [
        (Some(ok("", body)), "which is not port-registry"),
        (
            Some(ok(identity, body)),
            "a port-registry daemon of another version",
        ),
        (None, "which does not answer"),
    ] {
        let machine = Machine::new();
        let impostor = impostor(machine.address, answer.as_deref());
        let complaint = machine.complaint(&["start"]);
        let in_use = PortUse::of_busy(machine.address.port().try_into().unwrap());
        let listener = in_use.listener.as_ref().unwrap();
        assert_eq!(listener.pid, Some(impostor.id()));
        let error = format!("error: [ADDRESS] is {in_use}, {what}\n");
        assert!(complaint.starts_with(&error), "{complaint}");
        // At the same time, because each waits for a server that does not answer.
        let (stopped, status) = thread::scope(|scope| {
            let stopped = scope.spawn(|| machine.complaint(&["stop"]));
            let status = scope.spawn(|| machine.run(&["status"]));
            machine.complaint(&["health"]);
            (stopped.join().unwrap(), status.join().unwrap())
        });
        assert!(
            stopped.starts_with("error: Server is not running\nhint: "),
            "{stopped}"
        );
        assert_eq!(
            (status.code, &*status.stdout),
            (Some(0), "Server is not running\n")
        );
        assert_eq!(status.stderr.lines().count(), 1, "{status:?}");
        assert!(!machine.folder().join("port-registry.log").exists());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn process_named_by_an_impostor_is_not_stopped() {
    let machine = Machine::new();
    let mut stranger = Stranger::new();
    let pid = stranger.pid();
    let daemon = json!({"version": "0.1.0", "pid": pid, "store": machine.sandbox.store(), "range": "1-65535"});
    let identity = format!("X-Port-Registry: 0.1.0; pid={pid}\r\n");
    let answer = ok(&identity, &daemon.to_string());
    let _impostor = impostor(machine.address, Some(&answer));
    fs::create_dir(machine.folder()).unwrap();
    fs::write(machine.pidfile(), pid.to_string()).unwrap();
    let complaint = machine.complaint(&["stop"]);
    assert!(
        complaint.starts_with(&format!(
            "error: a port-registry daemon answers at [ADDRESS] and says that it is process {pid}, but "
        )),
        "{complaint}"
    );
    stranger.assert_unharmed();
    // Even if a third process holds the lock and names itself in it, neither is stopped.
    let lock = machine.folder().join("port-registry.pid.lock");
    let mut flock = Command::new("flock");
    let mut other = Stranger(
        flock
            .arg("--no-fork")
            .arg(&lock)
            .args(["sleep", "600"])
            .spawn()
            .unwrap(),
    );
    wait_until("the lock is held", || {
        Presence::of(&machine.pidfile()).unwrap() != Presence::Absent
    });
    fs::write(&lock, format!("{} {}\n", other.pid(), machine.address)).unwrap();
    let complaint = machine.complaint(&["stop"]);
    assert!(complaint.ends_with("; neither was stopped"), "{complaint}");
    stranger.assert_unharmed();
    other.assert_unharmed();
    fs::remove_file(lock).unwrap();
}

/// Starts an impostor that claims to be a killed daemon, which the lock still names.
///
/// Returns the process with the id of that daemon, too. It belongs to a stranger, as if the id was given again by chance.
#[cfg(target_os = "linux")]
fn impostor_of_a_killed_daemon(machine: &Machine) -> (Stranger, Helper) {
    let mut command = machine.sandbox.command(&*PORT_REGISTRY);
    let port = machine.address.port().to_string();
    let mut daemon = Daemon::spawn(command.args(["--port", &port]));
    daemon.signal("KILL");
    daemon.wait();
    let stranger = Stranger::new();
    let pid = stranger.pid();
    let lock = machine.folder().join("port-registry.pid.lock");
    fs::write(&lock, format!("{pid} {}\n", machine.address)).unwrap();
    fs::write(machine.pidfile(), format!("{pid}\n")).unwrap();
    let impostor = impostor(machine.address, Some(&claim(machine, pid)));
    (stranger, impostor)
}

#[cfg(target_os = "linux")]
#[test]
fn impostor_at_the_port_of_a_killed_daemon_is_not_believed() {
    let machine = Machine::new();
    let (mut stranger, _impostor) = impostor_of_a_killed_daemon(&machine);
    let pid = stranger.pid();
    let all = |machine: &Machine| -> String {
        thread::scope(|scope| {
            let words = ["start", "restart", "stop", "status", "doctor"];
            let runs = words.map(|word| scope.spawn(move || machine.run(&[word])));
            let runs = runs.map(|run| run.join().unwrap());
            runs.map(|ran| ran.stdout + &ran.stderr).concat()
        })
    };
    // Nobody holds the lock.
    let printed = all(&machine);
    assert_harmless(&printed);
    let claims = format!("says that it is process {pid}, but ");
    assert_eq!(printed.matches(&claims).count(), 3, "{printed}");
    assert!(
        printed.contains("note: it does not hold the daemon's lock of this HOME"),
        "{printed}"
    );
    // A process that has inherited the file holds the lock still.
    let lock = fs::File::open(machine.folder().join("port-registry.pid.lock")).unwrap();
    lock.lock().unwrap();
    let printed = all(&machine);
    assert_harmless(&printed);
    let names = format!("names process {pid}, but no process with this id holds the lock here");
    assert_eq!(printed.matches(&names).count(), 4, "{printed}");
    assert!(
        printed.contains("Server is not running here\n"),
        "{printed}"
    );
    assert!(!printed.contains("already running"), "{printed}");
    stranger.assert_unharmed();
}

#[test]
fn hint_about_an_occupied_address_starts_the_daemon_at_another_one() {
    let machine = Machine::new();
    let _impostor = impostor(machine.address, None);
    follow_hint(&machine, &machine.complaint(&["start"]));
}

/// Runs the command of a hint to choose another port, which starts the daemon there.
#[track_caller]
fn follow_hint(machine: &Machine, complaint: &str) {
    let (_, hint) = complaint.split_once("choose another port: `").unwrap();
    let command = hint.trim_end_matches('`');
    let mut shell = machine.sandbox.command("sh");
    let folder = Path::new(PORTCTL).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let ran = Ran::of(shell.env("PATH", path).args(["-ec", command]));
    let (_, address) = ran.printed().split_once(" at http://").unwrap();
    assert_ne!(address, machine.address.to_string());
    let mut stop = machine.command(&["stop"]);
    Ran::of(stop.env("PORT_REGISTRY_ADDR", address)).printed();
}

#[cfg(target_os = "linux")]
#[test]
fn start_tells_what_keeps_its_port_although_nothing_listens() {
    for (state, what, hint) in [
        (
            "connected",
            "in use by a connection of test-socket (pid [PID], in [FOLDER])",
            "choose another port: `",
        ),
        (
            "closing",
            "kept by a connection that was just closed",
            "try again in a minute, or choose another port: `",
        ),
        (
            "bound",
            "bound by a process that does not listen on it",
            "choose another port: `",
        ),
    ] {
        let machine = Machine::new();
        let user = user_of(machine.address.port(), state);
        let folder = std::env::current_dir().unwrap();
        let complaint = machine.complaint(&["start"]);
        let found = complaint
            .replace(&format!("pid {}", user.id()), "pid [PID]")
            .replace(folder.to_str().unwrap(), "[FOLDER]");
        let expected = format!(
            "error: the daemon cannot listen at [ADDRESS]: the port is {what}\nhint: {hint}"
        );
        assert!(found.starts_with(&expected), "{complaint}");
        // No daemon was started in vain.
        assert!(!machine.folder().join("port-registry.log").exists());
        let ran = machine.run(&["start", "--json"]);
        let report: Value = serde_json::from_str(ran.complained(1)).unwrap();
        assert_eq!(report["usage"], state, "{report}");
        follow_hint(&machine, &complaint);
    }
}

#[test]
fn start_tells_that_a_program_has_its_port_on_the_other_loopback_address() {
    let machine = Machine::new();
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, machine.address.port()));
    let Ok(_other) = TcpListener::bind(address) else {
        return;
    };
    let complaint = machine.complaint(&["start"]);
    let expected = format!("error: the daemon cannot listen at {address}: the port is in use by ");
    assert!(complaint.starts_with(&expected), "{complaint}");
    assert!(!machine.folder().join("port-registry.log").exists());
    follow_hint(&machine, &complaint);
}

#[test]
fn each_loopback_address_leads_to_the_daemon() {
    let machine = Machine::new();
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return;
    }
    let at = |words: &[&str]| {
        let address = format!("[::1]:{}", machine.address.port());
        Ran::of(machine.command(words).env("PORT_REGISTRY_ADDR", address))
    };
    let started = at(&["start"]);
    let running = format!("at http://{}", machine.address);
    assert!(started.printed().ends_with(&running), "{started:?}");
    let listed = at(&["list", "--json"]);
    assert_eq!(listed.printed(), "[]");
    let status = at(&["status"]);
    assert!(
        status.printed().ends_with(&format!(" healthy {running}")),
        "{status:?}"
    );
    at(&["stop"]).printed();
    // portctl starts none at other addresses, so it does not advise to.
    let mut other = machine.command(&["list"]);
    let address = format!("127.0.0.2:{}", machine.address.port());
    let ran = Ran::of(other.env("PORT_REGISTRY_ADDR", &address));
    let expected = format!(
        "error: nothing listens at {address}\nhint: correct the address in PORT_REGISTRY_ADDR, or run `unset \
         PORT_REGISTRY_ADDR`"
    );
    assert_eq!(ran.complained(1), expected);
}

#[test]
fn daemon_at_another_address_is_named_and_not_stopped() {
    let machine = Machine::new();
    let pid = machine.start();
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], free_block(1)));
    for words in ["start", "stop", "restart"] {
        let mut command = machine.command(&[words]);
        let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", elsewhere.to_string()));
        let expected = format!(
            "error: the daemon runs as process {pid}, but listens at {}, not at {elsewhere}\n\
             hint: only one daemon runs per home folder; `export PORT_REGISTRY_ADDR={}` makes this shell use it",
            machine.address, machine.address
        );
        assert_eq!(ran.complained(1), expected);
    }
    let mut command = machine.command(&["status"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", elsewhere.to_string()));
    assert_eq!(
        (ran.code, &*ran.stdout),
        (Some(0), "Server is not running\n")
    );
    assert!(ran.stderr.contains(&format!("(pid {pid})")), "{ran:?}");
    machine.run(&["stop"]).printed();
}

#[test]
fn daemon_of_another_registry_is_recognized() {
    let machine = Machine::new();
    machine.start();
    let other = machine.sandbox.work().join("other.redb");
    let mut command = machine.command(&["start"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_DB", &other));
    assert!(
        ran.complained(1).contains(" serves a different registry, "),
        "{ran:?}"
    );
    let mut command = machine.command(&["status"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_DB", &other));
    assert!(ran.stdout.starts_with("Server is running (pid "), "{ran:?}");
    assert!(
        ran.stderr
            .starts_with("note: it serves a different registry, "),
        "{ran:?}"
    );
    // `stop` works nevertheless, because the daemon is this user's.
    let mut command = machine.command(&["stop"]);
    Ran::of(command.env("PORT_REGISTRY_DB", &other)).printed();
}

#[test]
fn suspended_daemon_is_reported_and_not_stopped() {
    let machine = Machine::new();
    let mut daemon = Daemon::spawn(
        machine
            .sandbox
            .command(&*PORT_REGISTRY)
            .args(["--port", &machine.address.port().to_string()]),
    );
    let pid = daemon.child.id();
    daemon.suspend();
    // At the same time, because both wait for the daemon.
    let (status, complaint) = thread::scope(|scope| {
        let status = scope.spawn(|| machine.run(&["status"]));
        let complaint = machine.complaint(&["stop"]);
        (status.join().unwrap(), complaint)
    });
    assert_eq!(status.stdout.trim_end(), machine.status(pid, "unhealthy"));
    let silent = "the server at [ADDRESS] did not answer within 5 s";
    assert!(
        complaint.starts_with(&format!(
            "error: the daemon (pid {pid}) was not stopped: {silent}\n"
        )),
        "{complaint}"
    );
    daemon.signal("CONT");
    machine.run(&["stop"]).printed();
    assert!(daemon.wait().success());
}
