//! The daemon's life as portctl sees it: starting, stopping, and telling how it is, without harm to
//! anything that is not the daemon.

#![cfg(unix)]

#[path = "support/daemon.rs"]
mod daemon;
mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use daemon::{Daemon, PORT_REGISTRY};
use port_registry::daemon::Presence;
use serde_json::{Value, json};
use support::{Ran, Sandbox, free_block, wait_until};

const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");

/// A sandbox in which the daemon's address is a port of its own. What runs there at the end is
/// ended.
struct Machine {
    sandbox: Sandbox,
    address: SocketAddr,
}

impl Machine {
    fn new() -> Machine {
        Machine {
            sandbox: Sandbox::new(),
            address: SocketAddr::from(([127, 0, 0, 1], free_block(1))),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        // portctl finds the daemon beside itself, which is built by now.
        assert!(PORT_REGISTRY.exists());
        let mut command = self.sandbox.command(PORTCTL);
        command
            .env("PORT_REGISTRY_ADDR", self.address.to_string())
            .args(words);
        command
    }

    /// A shell that runs a script, to which portctl is `$0`.
    fn shell(&self, script: &str) -> Command {
        let mut command = self.sandbox.command("sh");
        command
            .env("PORT_REGISTRY_ADDR", self.address.to_string())
            .args(["-c", script, PORTCTL]);
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&mut self.command(words))
    }

    /// Starts a daemon, which must not run yet; gives its process.
    #[track_caller]
    fn start(&self) -> u32 {
        pid_in(self.run(&["start"]).printed(), "Server started")
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.home().join(".port-registry")
    }

    fn pidfile(&self) -> PathBuf {
        self.folder().join("port-registry.pid")
    }

    /// What a command complained of, with the address in general terms.
    #[track_caller]
    fn complaint(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        ran.complained(1)
            .replace(&self.address.to_string(), "[ADDRESS]")
            .replace(self.sandbox.path().to_str().unwrap(), "[SANDBOX]")
    }

    #[track_caller]
    fn assert_not_running(&self) {
        assert_eq!(self.run(&["status"]).printed(), "Server is not running");
        assert_eq!(self.complaint(&["stop"]), "error: Server is not running");
        assert!(
            self.complaint(&["health"])
                .starts_with("error: nothing listens at [ADDRESS]")
        );
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Ok(Presence::Running { pid, .. }) = Presence::of(&self.pidfile()) {
            let _ = Command::new("sh")
                .args(["-c", &format!("kill -9 {pid}")])
                .status();
        }
    }
}

/// The process in what is printed, such as `Server started (pid 7)`.
#[track_caller]
fn pid_in(printed: &str, words: &str) -> u32 {
    let rest = printed
        .strip_prefix(words)
        .unwrap_or_else(|| panic!("{printed}"));
    let number = rest.trim_start().strip_prefix("(pid ").unwrap();
    number.split(')').next().unwrap().parse().unwrap()
}

/// A process that has nothing to do with any of this.
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

/// Something else at an address, which gives the same answer to everything, or none at all.
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
fn a_daemon_is_started_used_and_stopped() {
    let machine = Machine::new();
    machine.assert_not_running();
    let pid = machine.start();
    let running = format!("Server is running (pid {pid}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
    assert_eq!(machine.run(&["health"]).printed(), "healthy");
    assert_eq!(
        machine.run(&["health", "--json"]).printed(),
        r#"{"status":"ok"}"#
    );
    let again = machine.run(&["start"]);
    assert_eq!(pid_in(again.printed(), "Server is already running"), pid);
    let port: u16 = machine.run(&["get", "web"]).printed().parse().unwrap();
    let status: Value = serde_json::from_str(machine.run(&["status", "--json"]).printed()).unwrap();
    assert_eq!(
        status,
        json!({
            "running": true,
            "healthy": true,
            "pid": pid,
            "address": machine.address.to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "store": machine.sandbox.store(),
        })
    );
    let stopped = machine.run(&["stop"]);
    assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
    machine.assert_not_running();
    assert!(!machine.pidfile().exists());
    // In process it is the same registry.
    let mut command = machine.command(&["get", "web"]);
    let ran = Ran::of(command.env_remove("PORT_REGISTRY_ADDR"));
    assert_eq!(ran.printed(), port.to_string());

    let log = fs::read_to_string(machine.folder().join("port-registry.log")).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines[0].contains(&format!("process {pid}, store ")),
        "{log}"
    );
    assert!(lines[1].ends_with("port-registry has stopped"), "{log}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&machine.folder()), 0o700);
    for entry in fs::read_dir(machine.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn what_was_started_and_stopped_is_told_as_json() {
    let machine = Machine::new();
    let json =
        |words: &[&str]| -> Value { serde_json::from_str(machine.run(words).printed()).unwrap() };
    let address = machine.address.to_string();
    let started = json(&["start", "--json"]);
    let pid = started["pid"].clone();
    assert_eq!(
        started,
        json!({"pid": pid, "address": address, "started": true})
    );
    let again = json(&["start", "--json"]);
    assert_eq!(
        again,
        json!({"pid": pid, "address": address, "started": false})
    );
    let restarted = json(&["restart", "--json"]);
    assert_ne!(restarted["pid"], pid);
    let stopped = json(&["stop", "--json"]);
    assert_eq!(stopped, json!({"pid": restarted["pid"]}));
    assert_eq!(
        json(&["status", "--json"]),
        json!({"running": false, "address": address})
    );
    assert_eq!(
        machine.run(&["stop", "--json"]).complained(1),
        r#"{"error":"Server is not running"}"#
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_started_daemon_has_left_the_terminal_behind() {
    let machine = Machine::new();
    // What is open where it is started, such as a lock, is not its business.
    let ran = Ran::of(&mut machine.shell("exec 9>left-open; \"$0\" start"));
    let pid = pid_in(ran.printed(), "Server started");
    let proc = PathBuf::from(format!("/proc/{pid}"));
    let stat = fs::read_to_string(proc.join("stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    // Behind the state and the parent stand the process group and the session (proc(5)).
    let fields: Vec<&str> = fields.split(' ').collect();
    assert_eq!(fields[2..4], [pid.to_string(), pid.to_string()]);
    assert_eq!(fs::read_link(proc.join("cwd")).unwrap(), Path::new("/"));
    let open = |number: u32| fs::read_link(proc.join(format!("fd/{number}"))).unwrap();
    assert_eq!(open(0), Path::new("/dev/null"));
    assert_eq!(open(1), Path::new("/dev/null"));
    assert_eq!(open(2), machine.folder().join("port-registry.log"));
    for entry in fs::read_dir(proc.join("fd")).unwrap() {
        let file = fs::read_link(entry.unwrap().path()).unwrap_or_default();
        assert!(!file.ends_with("left-open"));
    }
}

#[test]
fn of_many_starts_at_once_one_starts_a_daemon_and_all_tell_the_truth() {
    let machine = Machine::new();
    let told: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| machine.run(&["start"]).printed().to_owned()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let (new, old): (Vec<_>, Vec<_>) = told.iter().partition(|it| it.starts_with("Server started"));
    assert_eq!(new.len(), 1, "{told:?}");
    let pid = pid_in(new[0], "Server started");
    for told in old {
        assert_eq!(pid_in(told, "Server is already running"), pid);
    }
}

#[test]
fn starts_stops_and_restarts_at_once_do_not_get_into_each_others_way() {
    let machine = Machine::new();
    thread::scope(|scope| {
        for words in [
            "start", "restart", "stop", "restart", "start", "restart", "stop",
        ] {
            let machine = &machine;
            scope.spawn(move || {
                let ran = machine.run(&[words]);
                let is_done = ran.code == Some(0) && ran.stdout.starts_with("Server ");
                let is_nothing_to_stop =
                    words == "stop" && ran.stderr == "error: Server is not running\n";
                assert!(is_done || is_nothing_to_stop, "{words}: {ran:?}");
            });
        }
    });
    machine.run(&["restart"]).printed();
    machine.run(&["stop"]).printed();
    machine.assert_not_running();
}

#[test]
fn who_reads_what_start_prints_is_not_kept_waiting() {
    let machine = Machine::new();
    let script =
        "\"$0\" start | cat; \"$0\" stop >/dev/null; out=$(\"$0\" start 2>&1); echo \"$out\"";
    let ran = Ran::of(&mut machine.shell(script));
    let printed = ran.printed();
    assert_eq!(printed.lines().count(), 2, "{printed}");
    printed
        .lines()
        .for_each(|line| assert!(pid_in(line, "Server started") > 1));
}

#[test]
fn a_restart_of_nothing_starts_and_of_a_daemon_replaces_it() {
    let machine = Machine::new();
    let first = pid_in(machine.run(&["restart"]).printed(), "Server started");
    let second = pid_in(machine.run(&["restart"]).printed(), "Server restarted");
    assert_ne!(first, second);
    let running = format!("Server is running (pid {second}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
}

#[test]
fn a_pidfile_that_lies_harms_nobody() {
    let machine = Machine::new();
    let mut stranger = Stranger::new();
    // A process that has ended, and of which its parent has not taken note.
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
fn what_somebody_left_in_the_pidfiles_place_does_not_keep_a_daemon_from_starting() {
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
fn a_lock_that_is_something_else_is_left_alone() {
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
    // Opening a pipe would wait.
    fs::remove_file(&lock).unwrap();
    let made = Command::new("mkfifo").arg(&lock).status().unwrap();
    assert!(made.success());
    complains(&["start"]);
    // In process it is of no consequence.
    let mut command = machine.command(&["get", "web"]);
    Ran::of(command.env_remove("PORT_REGISTRY_ADDR")).printed();
}

#[test]
fn something_else_at_the_address_is_named_and_left_alone() {
    let body = r#"{"status":"ok"}"#;
    let identity = "X-Port-Registry: 0.1.0; pid=1\r\n";
    for (answer, what) in [
        (Some(ok("", body)), "which is not port-registry"),
        (Some(ok(identity, body)), "which is not port-registry"),
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
fn a_stranger_that_is_named_by_what_answers_is_not_stopped() {
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
    // Neither when somebody else holds the lock, whatever it says there.
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
fn a_daemon_that_listens_elsewhere_is_named_and_left_alone() {
    let machine = Machine::new();
    let pid = machine.start();
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], free_block(1)));
    for words in ["start", "stop", "restart"] {
        let mut command = machine.command(&[words]);
        let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", elsewhere.to_string()));
        let expected = format!(
            "error: the daemon runs as process {pid}, but listens at {}, not at {elsewhere}\n\
             hint: one runs for each home: to use or stop it, set PORT_REGISTRY_ADDR={}",
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
fn a_daemon_of_another_registry_is_not_taken_for_this_ones() {
    let machine = Machine::new();
    machine.start();
    let other = machine.sandbox.work().join("other.redb");
    let mut command = machine.command(&["start"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_DB", &other));
    assert!(
        ran.complained(1).contains(" serves another registry, "),
        "{ran:?}"
    );
    let mut command = machine.command(&["status"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_DB", &other));
    assert!(ran.stdout.starts_with("Server is running (pid "), "{ran:?}");
    assert!(
        ran.stderr.starts_with("it serves another registry, "),
        "{ran:?}"
    );
    // The daemon is stopped all the same: it is this user's.
    let mut command = machine.command(&["stop"]);
    Ran::of(command.env("PORT_REGISTRY_DB", &other)).printed();
}

#[test]
fn a_daemon_is_started_with_the_store_and_the_range_in_force() {
    let machine = Machine::new();
    let first = free_block(2);
    let range = format!("{first}-{}", first + 1);
    let mut command = machine.command(&["start"]);
    // Relative to the folder in which it was said.
    command
        .env("PORT_REGISTRY_DB", "here.redb")
        .env("PORT_REGISTRY_RANGE", &range);
    Ran::of(&mut command).printed();
    assert_eq!(machine.run(&["get", "web"]).printed(), first.to_string());
    assert!(machine.sandbox.work().join("here.redb").exists());
    assert!(!machine.sandbox.store().exists());
}

#[test]
fn the_last_words_of_a_daemon_that_dies_at_its_start_are_shown() {
    let machine = Machine::new();
    let foreign = machine.sandbox.work().join("notes.txt");
    fs::write(&foreign, "not a registry").unwrap();
    for json in [false, true] {
        let mut command = machine.command(&["start"]);
        command.env("PORT_REGISTRY_DB", &foreign);
        if json {
            command.arg("--json");
        }
        let ran = Ran::of(&mut command);
        let complaint = ran.complained(1);
        let last = format!("error: {} is not a port registry; ", foreign.display());
        if json {
            let told: Value = serde_json::from_str(complaint).unwrap();
            assert!(
                told["log"][0].as_str().unwrap().starts_with(&last),
                "{told}"
            );
            assert_eq!(told["log"].as_array().unwrap().len(), 1);
        } else {
            assert!(
                complaint.starts_with(
                    "error: the daemon ended as soon as it was started (exit status: 1)\n"
                ),
                "{complaint}"
            );
            assert!(complaint.contains(&format!("\n  {last}")), "{complaint}");
            assert!(complaint.contains("\nhint: its log is "), "{complaint}");
        }
    }
    machine.assert_not_running();
    assert_eq!(fs::read(&foreign).unwrap(), b"not a registry");
}

#[test]
fn the_daemons_program_is_beside_portctl_or_on_the_path() {
    let machine = Machine::new();
    let folder = machine.sandbox.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let portctl = folder.join("portctl");
    fs::copy(PORTCTL, &portctl).unwrap();
    let run = |path: &Path| {
        let mut command = machine.sandbox.command(&portctl);
        command
            .env("PORT_REGISTRY_ADDR", machine.address.to_string())
            .env("PATH", path)
            .arg("start");
        Ran::of(&mut command)
    };
    let ran = run(&machine.sandbox.work());
    assert_eq!(
        ran.complained(1),
        format!(
            "error: the daemon's program port-registry is neither beside portctl (in {}) nor on the PATH\n\
             hint: install it: `cargo install --path port-registry-http` in the sources",
            folder.display()
        )
    );
    // What cannot be run is not it.
    fs::write(folder.join("port-registry"), "").unwrap();
    run(&machine.sandbox.work()).complained(1);
    let ran = run(PORT_REGISTRY.parent().unwrap());
    pid_in(ran.printed(), "Server started");
}

#[test]
fn a_daemon_that_is_suspended_is_told_of_and_not_stopped() {
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
    let silent = "what listens at [ADDRESS] did not answer within 5 s";
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
fn a_daemon_that_was_started_by_hand_is_stopped_as_well() {
    let machine = Machine::new();
    let port = machine.address.port().to_string();
    let mut command = machine.sandbox.command(&*PORT_REGISTRY);
    let mut daemon = Daemon::spawn(command.args(["--port", &port]));
    let pid = daemon.child.id();
    let again = machine.run(&["start"]);
    assert_eq!(pid_in(again.printed(), "Server is already running"), pid);
    // It is a zombie until its parent has taken note, which does not keep portctl waiting.
    let stopped = machine.run(&["stop"]);
    assert_eq!(pid_in(stopped.printed(), "Server stopped"), pid);
    assert!(daemon.wait().success());
    machine.assert_not_running();
}

#[test]
fn a_daemon_can_only_be_started_where_it_would_listen() {
    let machine = Machine::new();
    for address in [
        "192.0.2.1:51234",
        "[::1]:51234",
        "registry.example.com:51234",
    ] {
        let mut command = machine.command(&["start"]);
        let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", address));
        assert!(
            ran.complained(1)
                .starts_with("error: a daemon listens at 127.0.0.1 alone, and "),
            "{ran:?}"
        );
    }
    let mut command = machine.command(&["start"]);
    let address = format!("localhost:{}", machine.address.port());
    let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", &address));
    pid_in(ran.printed(), "Server started");
    let mut command = machine.command(&["stop"]);
    Ran::of(command.env("PORT_REGISTRY_ADDR", &address)).printed();
}

#[test]
fn without_a_home_there_is_no_place_for_the_daemon() {
    let machine = Machine::new();
    for words in ["start", "stop", "restart"] {
        let mut command = machine.command(&[words]);
        let ran = Ran::of(
            command
                .env("HOME", "relative")
                .env("PORT_REGISTRY_DB", machine.sandbox.store()),
        );
        assert_eq!(
            ran.complained(1),
            "error: HOME is not an absolute path, and the daemon's files are kept below it\nhint: set HOME"
        );
    }
}

#[test]
fn a_restart_stops_nothing_that_it_could_not_start_again() {
    let machine = Machine::new();
    let pid = machine.start();
    let running = format!("Server is running (pid {pid}) healthy");
    // Without the daemon's program.
    let folder = machine.sandbox.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let portctl = folder.join("portctl");
    fs::copy(PORTCTL, &portctl).unwrap();
    let mut command = machine.sandbox.command(&portctl);
    command
        .env("PORT_REGISTRY_ADDR", machine.address.to_string())
        .env("PATH", machine.sandbox.work());
    let ran = Ran::of(command.arg("restart"));
    assert!(ran.complained(1).contains("nor on the PATH"), "{ran:?}");
    assert_eq!(machine.run(&["status"]).printed(), running);
    // As that of another registry.
    let mut command = machine.command(&["restart"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_DB", "other.redb"));
    assert!(
        ran.complained(1).contains(" serves another registry, "),
        "{ran:?}"
    );
    assert_eq!(machine.run(&["status"]).printed(), running);
}

#[test]
fn a_restart_keeps_the_ports_to_choose_from_unless_others_are_named() {
    let machine = Machine::new();
    let first = free_block(4);
    let range = |first: u16| format!("{first}-{}", first + 1);
    let run = |words: &[&str], first: Option<u16>| {
        let mut command = machine.command(words);
        if let Some(first) = first {
            command.env("PORT_REGISTRY_RANGE", range(first));
        }
        Ran::of(&mut command).printed().to_owned()
    };
    run(&["start"], Some(first));
    run(&["restart"], None);
    assert_eq!(run(&["get", "web"], None), first.to_string());
    let mut command = machine.command(&["start"]);
    let ran = Ran::of(command.env("PORT_REGISTRY_RANGE", range(first + 2)));
    assert!(
        ran.complained(1).contains(" chooses from other ports, "),
        "{ran:?}"
    );
    run(&["restart"], Some(first + 2));
    assert_eq!(run(&["get", "api"], None), (first + 2).to_string());
}

#[test]
fn a_daemon_whose_lock_is_gone_is_left_alone() {
    let machine = Machine::new();
    let port = machine.address.port().to_string();
    let mut command = machine.sandbox.command(&*PORT_REGISTRY);
    let mut daemon = Daemon::spawn(command.args(["--port", &port]));
    let pid = daemon.child.id();
    fs::remove_file(machine.folder().join("port-registry.pid.lock")).unwrap();
    let expected = format!(
        "error: process {pid} answers at [ADDRESS], but \
         [SANDBOX]/home/.port-registry/port-registry.pid.lock does not say that it is the daemon; \
         it was left alone\nhint: if it is yours, `kill {pid}` ends it"
    );
    for words in ["start", "stop", "restart"] {
        assert_eq!(machine.complaint(&[words]), expected);
    }
    let status = machine.run(&["status"]);
    assert!(
        status
            .stderr
            .starts_with("it is not the daemon of this user"),
        "{status:?}"
    );
    daemon.signal("TERM");
    assert!(daemon.wait().success());
}

#[test]
fn a_daemon_behind_a_script_is_its_childs_too() {
    let machine = Machine::new();
    let bin = machine.sandbox.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let portctl = bin.join("portctl");
    fs::copy(PORTCTL, &portctl).unwrap();
    let script = format!("#!/bin/sh\n{} \"$@\"\n", PORT_REGISTRY.display());
    fs::write(bin.join("port-registry"), script).unwrap();
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(bin.join("port-registry"), executable).unwrap();
    let mut command = machine.sandbox.command(&portctl);
    command.env("PORT_REGISTRY_ADDR", machine.address.to_string());
    let ran = Ran::of(command.arg("start"));
    let pid = pid_in(ran.printed(), "Server started");
    let running = format!("Server is running (pid {pid}) healthy");
    assert_eq!(machine.run(&["status"]).printed(), running);
    machine.run(&["stop"]).printed();
}

#[cfg(target_os = "linux")]
#[test]
fn a_lock_that_names_a_process_that_does_not_hold_it_stops_nothing() {
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
    // As it is for a daemon in another container, whose numbers mean others here, or nobody.
    writeln!(&lock, "{pid} {}", machine.address).unwrap();
    let expected = |pid: u32| {
        format!(
            "error: [SANDBOX]/home/.port-registry/port-registry.pid.lock names process {pid}, which \
             does not hold it here, and was left alone\n\
             hint: stop the daemon where it was started: in a container, perhaps"
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

#[test]
fn a_start_that_is_suspended_keeps_nobody_from_the_daemon_that_runs() {
    let machine = Machine::new();
    let pid = machine.start();
    // What a portctl holds that starts a daemon.
    let turn = fs::File::open(machine.folder().join("portctl.lock")).unwrap();
    turn.lock().unwrap();
    let again = machine.run(&["start"]);
    assert_eq!(pid_in(again.printed(), "Server is already running"), pid);
}

#[test]
fn nothing_is_stopped_where_nothing_can_be_written() {
    let machine = Machine::new();
    // A file in the place of the folder, which stops root too.
    fs::write(machine.folder(), "").unwrap();
    let complaint = machine.complaint(&["start"]);
    assert!(complaint.starts_with("error: cannot "), "{complaint}");
    fs::remove_file(machine.folder()).unwrap();
    machine.assert_not_running();
    assert!(!machine.folder().exists());
}
