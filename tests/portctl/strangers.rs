//! Stale and forged pidfiles and locks, impostors, and other daemons: `portctl` reports each correctly and never
//! signals a foreign process.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::machine::{Machine, pid_in};
use port_registry::daemon::Presence;
use serde_json::json;
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, free_block, is_to_be_had, wait_until};

/// An unrelated process.
struct Stranger(Child);

impl Stranger {
    fn new() -> Stranger {
        Stranger(Command::new("sleep").arg("600").spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    #[track_caller]
    fn assert_unharmed(&mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None);
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs another server at an address. It gives every request the same answer, or none.
fn impostor(address: SocketAddr, answer: Option<String>) {
    let listener = TcpListener::bind(address).unwrap();
    // It ends with the process.
    thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().flatten() {
            match &answer {
                None => held.push(stream),
                Some(answer) => {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        }
    });
}

fn ok(identity: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\n{identity}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn forged_pidfile_is_never_used() {
    let machine = Machine::new();
    let mut stranger = Stranger::new();
    // A process that has exited but was not reaped.
    let mut zombie = Command::new("true").stdin(Stdio::null()).spawn().unwrap();
    let important = machine.sandbox.work().join("important");
    fs::write(&important, "do not lose this").unwrap();
    fs::create_dir(machine.folder()).unwrap();
    let pidfile = machine.pidfile();
    let lies: [&dyn Fn(); 6] = [
        &|| fs::write(&pidfile, stranger.pid().to_string()).unwrap(),
        &|| fs::write(&pidfile, zombie.id().to_string()).unwrap(),
        &|| fs::write(&pidfile, "4194305\n").unwrap(),
        &|| fs::write(&pidfile, "").unwrap(),
        &|| symlink(&important, &pidfile).unwrap(),
        &|| symlink(machine.folder(), &pidfile).unwrap(),
    ];
    for lie in lies {
        let _ = fs::remove_file(&pidfile);
        lie();
        machine.assert_not_running();
        let pid = machine.start();
        assert_eq!(fs::read_to_string(&pidfile).unwrap(), format!("{pid}\n"));
        // And while the daemon runs.
        fs::remove_file(&pidfile).unwrap();
        lie();
        let running = format!("Server is running (pid {pid}) healthy");
        assert_eq!(machine.run(&["status"]).printed(), running);
        let stopped = machine.run(&["stop"]);
        assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
    }
    assert_eq!(fs::read_to_string(&important).unwrap(), "do not lose this");
    stranger.assert_unharmed();
    zombie.wait().unwrap();
}

#[test]
fn junk_in_the_pidfile_does_not_prevent_a_start() {
    let machine = Machine::new();
    fs::create_dir(machine.folder()).unwrap();
    for junk in ["junk", "-5\n", "4711 127.0.0.1:51234\n"] {
        fs::write(machine.pidfile(), junk).unwrap();
        let pid = machine.start();
        assert_eq!(
            fs::read_to_string(machine.pidfile()).unwrap(),
            format!("{pid}\n")
        );
        fs::write(machine.pidfile(), junk).unwrap();
        machine.run(&["restart"]).printed();
        machine.run(&["stop"]).printed();
    }
}

#[test]
fn foreign_file_in_place_of_the_lock_is_not_changed() {
    let machine = Machine::new();
    let precious = machine.sandbox.work().join("precious");
    fs::write(&precious, "do not lose this").unwrap();
    fs::create_dir(machine.folder()).unwrap();
    let lock = machine.folder().join("port-registry.pid.lock");
    let complains = |words: &[&str]| {
        let complaint = machine.complaint(words);
        assert!(complaint.contains("port-registry.pid.lock"), "{complaint}");
    };
    fs::write(&lock, "my notes").unwrap();
    complains(&["start"]);
    assert_eq!(fs::read_to_string(&lock).unwrap(), "my notes");
    fs::remove_file(&lock).unwrap();
    symlink(&precious, &lock).unwrap();
    for words in ["start", "stop", "restart"] {
        complains(&[words]);
    }
    let status = machine.run(&["status"]);
    assert_eq!(status.stdout, "Server is not running\n");
    assert!(
        status.stderr.contains("port-registry.pid.lock"),
        "{status:?}"
    );
    assert_eq!(fs::read_to_string(&precious).unwrap(), "do not lose this");
    // Opening a pipe would block.
    fs::remove_file(&lock).unwrap();
    let made = Command::new("mkfifo").arg(&lock).status().unwrap();
    assert!(made.success());
    complains(&["start"]);
    // Without the daemon, the lock does not matter.
    let mut command = machine.command(&["get", "web"]);
    Ran::of(command.env_remove("PORT_REGISTRY_ADDR")).printed();
}

/// A daemon of another version: it holds the lock, but describes itself in an unknown format.
const OTHER_VERSION: &str = r#"
import fcntl, http.server, os, sys
lock, port, body = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
held = open(lock, "w")
fcntl.flock(held, fcntl.LOCK_EX)
held.write(f"{os.getpid()} 127.0.0.1:{port}\n")
held.flush()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Port-Registry", f"9.0.0; pid={os.getpid()}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"#;

impl Stranger {
    /// Runs such a daemon with this description. Returns `None` without Python.
    fn of_another_version(machine: &Machine, body: &str) -> Option<Stranger> {
        let mut python = machine.sandbox.command("python3");
        if !is_to_be_had("Python", python.arg("--version")) {
            return None;
        }
        fs::create_dir(machine.folder()).unwrap();
        let lock = machine.folder().join("port-registry.pid.lock");
        let port = machine.address.port().to_string();
        let mut command = machine.sandbox.command("python3");
        command
            .args(["-c", OTHER_VERSION])
            .arg(&lock)
            .args([&port, body]);
        let other = Stranger(command.stderr(Stdio::null()).spawn().unwrap());
        wait_until("it listens", || TcpStream::connect(machine.address).is_ok());
        Some(other)
    }
}

#[test]
fn daemon_of_another_version_can_be_replaced() {
    let machine = Machine::new();
    let Some(mut other) = Stranger::of_another_version(&machine, "{}") else {
        return;
    };
    let complaint = machine.complaint(&["list"]);
    assert!(
        complaint.ends_with("`portctl restart` replaces it"),
        "{complaint}"
    );
    let complaint = machine.complaint(&["start"]);
    assert_eq!(
        complaint,
        format!(
            "error: the daemon (pid {}) has another version than portctl, and they are not \
             compatible\nhint: `portctl restart` replaces it",
            other.pid()
        )
    );
    let restarted = machine.run(&["restart"]);
    assert_ne!(pid_in(restarted.printed(), "Server restarted"), other.pid());
    other.0.wait().unwrap();
    machine.run(&["get", "web"]).printed();
}

#[test]
fn supervised_daemon_of_another_version_is_not_stopped() {
    let machine = Machine::new();
    let body = r#"{"supervisor":{"name":"systemd","service":"x.service","scope":"galaxy"}}"#;
    let Some(mut other) = Stranger::of_another_version(&machine, body) else {
        return;
    };
    for command in ["stop", "restart"] {
        let complaint = machine.complaint(&[command]);
        let told = format!("(pid {}) is managed by systemd as x.service", other.pid());
        assert!(complaint.contains(&told), "{complaint}");
    }
    let complaint = machine.complaint(&["start"]);
    assert!(
        complaint.ends_with("`systemctl restart x.service` replaces it"),
        "{complaint}"
    );
    other.assert_unharmed();
}

#[test]
fn other_server_at_the_address_is_named_and_not_stopped() {
    let body = r#"{"status":"ok"}"#;
    let identity = "X-Port-Registry: 0.1.0; pid=1\r\n";
    for (answer, what) in [
        (Some(ok("", body)), "which is not port-registry"),
        (
            Some(ok(identity, body)),
            "a port-registry of another version",
        ),
        (None, "which does not answer"),
    ] {
        let machine = Machine::new();
        impostor(machine.address, answer);
        let complaint = machine.complaint(&["start"]);
        let by = format!("(pid {}), {what}", std::process::id());
        assert!(
            complaint.starts_with("error: [ADDRESS] is in use by ") && complaint.contains(&by),
            "{complaint}"
        );
        let complaint = machine.complaint(&["stop"]);
        assert!(
            complaint.starts_with("error: Server is not running\nhint: "),
            "{complaint}"
        );
        let status = machine.run(&["status"]);
        assert_eq!(
            (status.code, &*status.stdout),
            (Some(0), "Server is not running\n")
        );
        assert_eq!(status.stderr.lines().count(), 1, "{status:?}");
        machine.complaint(&["health"]);
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
    impostor(machine.address, Some(ok(&identity, &daemon.to_string())));
    fs::create_dir(machine.folder()).unwrap();
    fs::write(machine.pidfile(), pid.to_string()).unwrap();
    let complaint = machine.complaint(&["stop"]);
    assert!(
        complaint.starts_with(&format!("error: process {pid} answers at [ADDRESS], but ")),
        "{complaint}"
    );
    stranger.assert_unharmed();
    // Nor if another process holds the lock, whatever the file says.
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
             hint: only one daemon runs per home folder; to use or stop this one, set PORT_REGISTRY_ADDR={}",
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
        ran.stderr.starts_with("it serves a different registry, "),
        "{ran:?}"
    );
    // It can be stopped nevertheless, because it is this user's daemon.
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
    daemon.signal("STOP");
    let status = machine.run(&["status"]);
    assert_eq!(
        status.stdout,
        format!("Server is running (pid {pid}) unhealthy\n")
    );
    let silent = "the server at [ADDRESS] did not answer within 5 s";
    let complaint = machine.complaint(&["stop"]);
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

#[test]
fn daemon_without_its_lock_is_not_stopped() {
    let machine = Machine::new();
    let port = machine.address.port().to_string();
    let mut command = machine.sandbox.command(&*PORT_REGISTRY);
    let mut daemon = Daemon::spawn(command.args(["--port", &port]));
    let pid = daemon.child.id();
    fs::remove_file(machine.folder().join("port-registry.pid.lock")).unwrap();
    let expected = format!(
        "error: process {pid} answers at [ADDRESS], but \
         [SANDBOX]/home/.port-registry/port-registry.pid.lock does not name it as the daemon; \
         it was left alone\nhint: if it is yours, `kill {pid}` ends it"
    );
    for words in ["start", "stop", "restart"] {
        assert_eq!(machine.complaint(&[words]), expected);
    }
    let status = machine.run(&["status"]);
    assert!(
        status
            .stderr
            .starts_with("it does not hold the daemon's lock of this HOME"),
        "{status:?}"
    );
    daemon.signal("TERM");
    assert!(daemon.wait().success());
}

#[cfg(target_os = "linux")]
#[test]
fn process_that_does_not_hold_the_lock_is_not_stopped() {
    let machine = Machine::new();
    let mut stranger = Stranger::new();
    let pid = stranger.pid();
    let store = machine.sandbox.store();
    let daemon = json!({"version": "0.1.0", "pid": pid, "store": store, "range": "1-65535"});
    let identity = format!("X-Port-Registry: 0.1.0; pid={pid}\r\n");
    impostor(machine.address, Some(ok(&identity, &daemon.to_string())));
    fs::create_dir(machine.folder()).unwrap();
    let path = machine.folder().join("port-registry.pid.lock");
    let lock = fs::File::create(&path).unwrap();
    lock.lock().unwrap();
    // As with a daemon in another container: its process ids mean other processes here, or none.
    writeln!(&lock, "{pid} {}", machine.address).unwrap();
    let expected = |pid: u32| {
        format!(
            "error: [SANDBOX]/home/.port-registry/port-registry.pid.lock names process {pid}, but \
             that process does not hold the lock, so it was not stopped\n\
             hint: stop the daemon where it was started, for example in its container"
        )
    };
    assert_eq!(machine.complaint(&["stop"]), expected(pid));
    assert_eq!(machine.complaint(&["restart"]), expected(pid));
    stranger.assert_unharmed();
    fs::write(&path, format!("4194304 {}\n", machine.address)).unwrap();
    assert_eq!(machine.complaint(&["stop"]), expected(4_194_304));
    drop(lock);
    fs::remove_file(&path).unwrap();
}
