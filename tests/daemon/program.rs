//! The life of the daemon: how it starts and stops, whom it lets be, and what it survives.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use port_registry::{Claim, Filter, Registry, ServiceKey};
use test_support::daemon::{Client, Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox, listener, wait_until};

const CLAIM: &str = r#"{"app":"shop","instance":"main","service":"web"}"#;

fn pidfile(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".port-registry/port-registry.pid")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs a daemon that is to fail, with what differs from run to run put in general terms.
fn failure(sandbox: &Sandbox, words: &[&str]) -> String {
    let ran = sandbox.run(&*PORT_REGISTRY, words);
    let complaint = ran.complained(1);
    let complaint = complaint.replace(sandbox.path().to_str().unwrap(), "[SANDBOX]");
    // The number of an error is the system's own.
    match complaint.split_once(" (os error ") {
        Some((text, rest)) => format!("{text}{}", rest.split_once(')').unwrap().1),
        None => complaint,
    }
}

#[test]
fn it_leaves_private_files_while_it_runs_and_the_store_when_it_ends() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    let folder = sandbox.home().join(".port-registry");
    assert_eq!(mode(&folder), 0o700);
    let files = [
        "port-registry.pid",
        "port-registry.pid.lock",
        "ports.redb",
        "ports.redb.lock",
    ];
    assert_eq!(names_in(&folder), files);
    for file in files {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
    assert_eq!(pid, format!("{}\n", daemon.child.id()));

    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(names_in(&folder), files[1..]);
    wait_until("it says so", || {
        daemon.log().contains("port-registry has stopped")
    });
    // The store was closed: its header does not say that it has to be mended (bit 2 of the byte
    // behind redb's magic number, by its design document).
    assert_eq!(fs::read(sandbox.store()).unwrap()[9] & 2, 0);
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
    // And the next one takes over.
    let again = Daemon::start(&sandbox);
    again.ask("GET", "/v1/allocations/1", "").json(200);
}

#[test]
fn it_ends_without_waiting_for_slow_clients() {
    for signal in ["TERM", "INT"] {
        let sandbox = Sandbox::new();
        let mut daemon = Daemon::start(&sandbox);
        let mut clients: Vec<_> = (0..40).map(|_| daemon.client()).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            match number % 4 {
                0 => {}
                1 => client.send(b"GET /healthz HTTP/1.1\r\nHost: loc"),
                2 => client.send(
                    b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
                ),
                _ => {
                    client.ask("GET", "/healthz", "").json(200);
                }
            }
        }
        daemon.signal(signal);
        assert_eq!(daemon.wait().code(), Some(0), "{signal}");
        // It did not wait until their time was up.
        for client in &mut clients {
            if let Ok(response) = client.try_receive("GET") {
                assert_ne!(response.status, 408, "{response:?}");
            }
        }
        assert!(!pidfile(&sandbox).exists());
    }
}

#[test]
fn a_request_under_way_is_answered_before_it_ends() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    // The writer waits for its turn meanwhile.
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    let mut client = daemon.client();
    let key = ServiceKey::new("shop", "main", "other").unwrap();
    let mut mine = vec![port_registry::Request::Allocate(Claim::new(key))];
    registry
        .apply_group(&mut mine, Duration::from_secs(20), |_| {
            client.post(CLAIM);
            // Answered after it, so the first one is under way.
            daemon.ask("GET", "/healthz", "").json(200);
            daemon.signal("TERM");
            wait_until("it stops accepting", || {
                TcpStream::connect(daemon.address).is_err()
            });
        })
        .unwrap();
    let answer = client.receive("POST");
    assert_eq!(answer.json(201)["id"], 2);
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 2);
}

#[test]
fn a_request_that_has_not_arrived_when_it_ends_is_told_why() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let mut client = daemon.client();
    client.send(b"POST /v1/allocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{");
    daemon.ask("GET", "/healthz", "").json(200);
    daemon.signal("TERM");
    let told = client.receive("POST").json(503);
    assert!(
        told["error"].as_str().unwrap().contains("is stopping"),
        "{told}"
    );
    assert!(client.is_closed());
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn a_standard_error_that_nobody_reads_holds_up_nothing() {
    let sandbox = Sandbox::new();
    let (unread, pipe) = std::io::pipe().unwrap();
    // It writes until the pipe takes no more, and then sleeps.
    let mut filler = sandbox.command("yes");
    let mut filler = filler.stdout(pipe.try_clone().unwrap()).spawn().unwrap();
    let id = filler.id().to_string();
    wait_until("the pipe is full", || {
        let ps = Command::new("ps").args(["-o", "stat=", "-p", &id]).output();
        ps.unwrap().stdout.starts_with(b"S")
    });

    let port = test_support::free_block(1);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut command = sandbox.command(&*PORT_REGISTRY);
    let command = command.args(["--port", &port.to_string()]).stderr(pipe);
    let mut daemon = command.spawn().unwrap();
    wait_until("it listens", || TcpStream::connect(address).is_ok());
    let answer = Client::connect(address).ask("GET", "/healthz", "");
    let kill = Command::new("kill").arg(daemon.id().to_string()).status();
    assert!(kill.unwrap().success());
    let end = daemon.wait().unwrap();
    filler.kill().unwrap();
    filler.wait().unwrap();
    drop(unread);
    answer.json(200);
    assert_eq!(end.code(), Some(0));
}

#[test]
fn it_ends_in_time_even_when_another_process_keeps_the_store() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    let key = ServiceKey::new("shop", "main", "other").unwrap();
    let mut mine = vec![port_registry::Request::Allocate(Claim::new(key))];
    registry
        .apply_group(&mut mine, Duration::from_secs(20), |_| {
            let mut client = daemon.client();
            client.post(CLAIM);
            daemon.ask("GET", "/healthz", "").json(200);
            daemon.signal("TERM");
            assert_eq!(daemon.wait().code(), Some(0));
            assert!(
                client.try_receive("POST").is_err(),
                "it was not carried out"
            );
        })
        .unwrap();
    registry.verify().unwrap();
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 1);
}

#[test]
fn a_closed_terminal_does_not_end_it() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    daemon.signal("HUP");
    daemon.ask("GET", "/healthz", "").json(200);
    assert!(daemon.child.try_wait().unwrap().is_none());
}

#[test]
fn one_daemon_runs_for_a_pidfile_and_the_second_says_so() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start(&sandbox);
    let told = failure(&sandbox, &["--port", "0"]).replace(&daemon.child.id().to_string(), "[PID]");
    assert_snapshot!(told, @"error: port-registry is already running as process [PID], by its lock [SANDBOX]/home/.port-registry/port-registry.pid.lock; stop it, or name another place by --pidfile");
    daemon.ask("GET", "/healthz", "").json(200);
    assert!(pidfile(&sandbox).exists(), "it is the first one's");

    // By another pidfile it may, on the same store too.
    let elsewhere = sandbox.path().join("deep/down/other.pid");
    let words = ["--pidfile", elsewhere.to_str().unwrap()];
    let other = Daemon::start_with(&sandbox, &words);
    other.ask("POST", "/v1/allocations", CLAIM).json(201);
    daemon.ask("GET", "/v1/allocations/1", "").json(200);
    assert_eq!(mode(elsewhere.parent().unwrap()), 0o700);

    // Killed, it blocks nobody; what it left in the pidfile is of no consequence.
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    assert!(pidfile(&sandbox).exists());
    let next = Daemon::start(&sandbox);
    let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
    assert_eq!(pid, format!("{}\n", next.child.id()));
}

#[test]
fn whatever_stands_in_the_pidfiles_place_is_replaced_and_not_written_through() {
    let sandbox = Sandbox::new();
    let precious = sandbox.path().join("precious");
    fs::create_dir(pidfile(&sandbox).parent().unwrap()).unwrap();
    for content in ["1\n", "", "not a number", "99999999999"] {
        fs::write(&precious, content).unwrap();
        symlink(&precious, pidfile(&sandbox)).unwrap();
        let mut daemon = Daemon::start(&sandbox);
        assert!(!pidfile(&sandbox).is_symlink());
        let pid = fs::read_to_string(pidfile(&sandbox)).unwrap();
        assert_eq!(pid, format!("{}\n", daemon.child.id()));
        daemon.signal("TERM");
        daemon.wait();
        assert_eq!(fs::read_to_string(&precious).unwrap(), content);
    }
    // A note that another one wrote meanwhile is not this one's to take away.
    let mut daemon = Daemon::start(&sandbox);
    fs::write(pidfile(&sandbox), "1\n").unwrap();
    daemon.signal("TERM");
    daemon.wait();
    assert_eq!(fs::read_to_string(pidfile(&sandbox)).unwrap(), "1\n");
}

#[test]
fn what_is_no_pidfile_is_not_replaced_by_one() {
    let sandbox = Sandbox::new();
    let place = sandbox.path().join("place");
    let path = place.to_str().unwrap();
    let words = ["--port", "0", "--pidfile", path];
    for content in ["notes", "12 34", &"1".repeat(40)] {
        fs::write(&place, content).unwrap();
        let told = failure(&sandbox, &words);
        let refusal = "error: [SANDBOX]/place is not a pidfile; it was left as it is, name another place by --pidfile";
        assert_eq!(told, refusal);
        assert_eq!(fs::read_to_string(&place).unwrap(), content);
    }
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    assert!(failure(&sandbox, &words).contains("is not a pidfile"));
    assert!(
        failure(&sandbox, &["--port", "0", "--pidfile", "/dev/null"]).contains("is not a pidfile")
    );
    fs::remove_dir(&place).unwrap();
    assert!(names_in(&sandbox.home()).is_empty());
    // Nor is the store, even where it is still to be made.
    let told = failure(&sandbox, &[&words[..], &["--db", path]].concat());
    assert_snapshot!(told, @"error: [SANDBOX]/place cannot be both the registry and the pidfile; choose another pidfile with --pidfile");
    assert!(!place.exists());
    let left = names_in(&sandbox.path());
    assert!(!left.iter().any(|name| name.contains("draft")), "{left:?}");
}

#[test]
fn what_is_no_lock_is_not_written_to() {
    let sandbox = Sandbox::new();
    let place = sandbox.path().join("place");
    let lock = sandbox.path().join("place.lock");
    let words = ["--port", "0", "--pidfile", place.to_str().unwrap()];
    let refusal = "error: [SANDBOX]/place.lock is not the lock of a pidfile; it was left as it is, name another place by --pidfile";
    for content in [
        "important",
        "1 2\n3",
        "4711 127.0.0.1:51234",
        "\u{fffd}",
        &"1".repeat(400),
    ] {
        fs::write(&lock, content).unwrap();
        assert_eq!(failure(&sandbox, &words), refusal);
        assert_eq!(fs::read_to_string(&lock).unwrap(), content);
    }
    let important = sandbox.path().join("important");
    for target in [&important, &sandbox.path().join("nothing")] {
        fs::remove_file(&lock).unwrap();
        fs::write(&important, "important").unwrap();
        std::os::unix::fs::symlink(target, &lock).unwrap();
        assert_eq!(failure(&sandbox, &words), refusal);
    }
    assert_eq!(fs::read_to_string(&important).unwrap(), "important");
    assert!(!sandbox.path().join("nothing").exists());
    // What a daemon left that was killed is one.
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, "4711 127.0.0.1:51234\n").unwrap();
    let daemon = Daemon::start_with(&sandbox, &words[2..]);
    let line = format!("{} {}\n", daemon.child.id(), daemon.address);
    assert_eq!(fs::read_to_string(&lock).unwrap(), line);
}

#[test]
fn a_port_in_use_is_waited_for_and_then_its_owner_named() {
    let sandbox = Sandbox::new();
    let (occupant, port) = listener();
    let port = port.to_string();
    let start = Instant::now();
    let told = failure(&sandbox, &["--port", &port]);
    assert!(start.elapsed() >= Duration::from_secs(3));
    let pid = format!("(pid {})", std::process::id());
    assert!(told.contains(&pid), "{told}");
    let told = told.replace(&port, "[PORT]").replace(&pid, "(pid [PID])");
    let (waiting, told) = told.split_once('\n').unwrap();
    assert!(
        waiting.ends_with(" waiting for port [PORT], which is in use"),
        "{waiting}"
    );
    let (before, name) = told.split_once(", by ").unwrap();
    assert_snapshot!(before, @"error: cannot listen on 127.0.0.1:[PORT]: address already in use");
    assert_snapshot!(name.split_once(" (").unwrap().1, @"pid [PID]); stop it, or choose another port with --port");
    assert!(!pidfile(&sandbox).exists());

    // One that is just leaving is no hindrance.
    let said = sandbox.path().join("said");
    let mut command = sandbox.command(&*PORT_REGISTRY);
    command
        .args(["--port", &port])
        .stderr(fs::File::create(&said).unwrap());
    let mut daemon = command.spawn().unwrap();
    let says = |what: &str| fs::read_to_string(&said).unwrap().contains(what);
    test_support::wait_until("the daemon waits", || says("waiting for port"));
    drop(occupant);
    test_support::wait_until("the daemon listens", || {
        says(&format!(" listens on http://127.0.0.1:{port},"))
    });
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
fn what_is_no_registry_is_left_alone() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("ports.db");
    let path = file.to_str().unwrap();
    for content in [&b"SQLite format 3\0and so on"[..], b"something else"] {
        fs::write(&file, content).unwrap();
        let told = failure(&sandbox, &["--port", "0", "--db", path]);
        assert!(told.starts_with("error: [SANDBOX]/ports.db is "), "{told}");
        assert_eq!(fs::read(&file).unwrap(), content);
    }
    assert!(!pidfile(&sandbox).exists());
    let told = failure(&sandbox, &["--port", "0", "--pidfile", "/dev/null/x"]);
    assert_snapshot!(told, @"error: cannot lock /dev/null/x.lock; name another place by --pidfile; cause: File exists");
    let mut command = sandbox.command(&*PORT_REGISTRY);
    let ran = Ran::of(
        command
            .args(["--port", "0"])
            .env_remove("HOME")
            .env("HOME", "relative"),
    );
    assert_snapshot!(ran.complained(1), @"error: HOME is not an absolute path; set it, or pass --db and --pidfile");
}

#[test]
fn a_damaged_store_is_met_at_the_start() {
    let sandbox = Sandbox::new();
    let registry = Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap();
    for number in 0..50 {
        let key = ServiceKey::new("shop", "main", format!("service-{number}")).unwrap();
        registry.allocate(Claim::new(key)).unwrap();
    }
    drop(registry);
    // One bit of a stored name, which would otherwise be another name.
    let mut bytes = fs::read(sandbox.store()).unwrap();
    let name = b"service-17";
    let places: Vec<_> = (0..bytes.len())
        .filter(|&at| bytes[at..].starts_with(name))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + 8] ^= 1;
    }
    fs::write(sandbox.store(), &bytes).unwrap();
    let told = failure(&sandbox, &["--port", "0"]);
    assert!(told.contains("is damaged"), "{told}");
    assert!(
        fs::read(sandbox.store()).unwrap() == bytes,
        "it was changed"
    );
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let sandbox = Sandbox::new();
    let mut made = Vec::new();
    for round in 0..5 {
        let mut daemon = Daemon::start(&sandbox);
        let mut client = daemon.client();
        for number in 0..=round * 3 {
            let claim = format!(r#"{{"app":"shop","instance":"i{round}","service":"s{number}"}}"#);
            made.push(client.ask("POST", "/v1/allocations", &claim).json(201));
        }
        daemon.child.kill().unwrap();
        daemon.child.wait().unwrap();
    }
    let daemon = Daemon::start(&sandbox);
    let listed = daemon.ask("GET", "/v1/allocations", "").json(200);
    assert_eq!(listed, serde_json::Value::from(made));
    Registry::builder()
        .with_path(sandbox.store())
        .open()
        .unwrap()
        .verify()
        .unwrap();
}

#[cfg(target_os = "linux")]
fn limit(daemon: &Daemon, resource: &str, limit: &str) {
    let id = daemon.child.id().to_string();
    let limit = format!("--{resource}={limit}:");
    let ran = Command::new("prlimit")
        .args(["--pid", &id, &limit])
        .status();
    assert!(ran.unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn it_tells_of_a_disk_that_fails_and_recovers_with_it() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("sh");
    // Writing beyond a limit, which stands for a full disk, is to fail, and not to end the process.
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" --port 0"])
        .arg(&*PORT_REGISTRY);
    let daemon = Daemon::spawn(command.process_group(0));
    let claim =
        |number: u32| format!(r#"{{"app":"shop","instance":"main","service":"s{number}"}}"#);
    let made = daemon.ask("POST", "/v1/allocations", &claim(1)).json(201);

    limit(&daemon, "fsize", "4096");
    for number in 2..12 {
        let failed = daemon
            .ask("POST", "/v1/allocations", &claim(number))
            .json(500);
        let error = failed["error"].as_str().unwrap();
        assert!(error.starts_with("the registry at "), "{error}");
    }
    let unwell = daemon.ask("GET", "/healthz", "").json(503);
    assert_eq!(unwell["status"], "error");
    assert!(
        unwell["detail"]
            .as_str()
            .unwrap()
            .contains("File too large"),
        "{unwell}"
    );
    // What is stored can be looked at, and what takes no write is done.
    assert_eq!(daemon.ask("GET", "/v1/allocations/1", "").json(200), made);
    assert_eq!(
        daemon.ask("PUT", "/v1/allocations", &claim(1)).json(200),
        made
    );

    limit(&daemon, "fsize", "unlimited");
    assert_eq!(daemon.ask("GET", "/healthz", "").json(200)["status"], "ok");
    assert_eq!(
        daemon.ask("POST", "/v1/allocations", &claim(2)).json(201)["id"],
        2
    );
    let log = daemon.log();
    assert_eq!(log.matches("File too large").count(), 1, "{log}");
    assert_eq!(log.matches("works again").count(), 1, "{log}");
}

#[cfg(target_os = "linux")]
#[test]
fn it_lives_through_a_lack_of_files() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    let mut client = daemon.client();
    client.ask("GET", "/healthz", "").json(200);
    limit(&daemon, "nofile", "3");
    // On the connection that it has.
    let failed = client.ask("GET", "/v1/ports/4000", "").json(500);
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("Too many open files"), "{error}");
    client.ask("GET", "/v1/allocations", "").json(200);
    limit(&daemon, "nofile", "1024");
    daemon.ask("GET", "/v1/ports/4000", "").json(200);

    let mut command = sandbox.command("sh");
    let script = "ulimit -n 10; exec \"$0\" --port 0 --pidfile ./other.pid";
    let ran = Ran::of(command.args(["-c", script]).arg(&*PORT_REGISTRY));
    assert_snapshot!(ran.complained(1), @"error: only 10 files may be open at a time, and the daemon needs 65; raise the limit (ulimit -n)");
}

#[test]
fn help_version_and_wrong_words_are_answered_without_a_daemon() {
    let sandbox = Sandbox::new();
    let run = |words: &[&str]| sandbox.run(&*PORT_REGISTRY, words);
    let help = run(&["--help"]);
    for words in [["-h"], ["help"]] {
        assert_eq!(run(&words).printed(), help.printed());
    }
    test_support::snapshots::settings()
        .bind(|| assert_snapshot!("help-port-registry", help.printed()));
    for words in [["--version"], ["-V"]] {
        let version = format!("port-registry {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(run(&words).printed(), version);
    }
    for words in [
        &["--port=http"][..],
        &["--port", "65536"],
        &["--port"],
        &["--pidfile", "--version"],
        &["--db", "--pidfile=x"],
        &["--range", "9-1"],
        &["--frob"],
        &["extra"],
    ] {
        run(words).complained(2);
    }
    let mut command = sandbox.command(&*PORT_REGISTRY);
    let ran = Ran::of(command.env("PORT_REGISTRY_RANGE", "x"));
    assert!(
        ran.complained(1)
            .starts_with("error: PORT_REGISTRY_RANGE cannot be used")
    );
    assert!(names_in(&sandbox.home()).is_empty());
}

#[test]
fn flags_come_before_the_environment_and_in_both_forms() {
    let sandbox = Sandbox::new();
    let first = test_support::free_block(2);
    let db = sandbox.path().join("flag.redb");
    let mut command = sandbox.command(&*PORT_REGISTRY);
    command
        .env("PORT_REGISTRY_DB", sandbox.path().join("variable.redb"))
        .env("PORT_REGISTRY_RANGE", "4000-4001")
        .args(["--port=0", &format!("--db={}", db.display()), "--range"])
        .arg(format!("{first}-{}", first + 1));
    let daemon = Daemon::spawn(&mut command);
    let made = daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    assert_eq!(made["port"], first);
    assert!(db.exists());
    assert!(!sandbox.path().join("variable.redb").exists());

    let mut command = sandbox.command(&*PORT_REGISTRY);
    command
        .env("PORT_REGISTRY_DB", sandbox.path().join("variable.redb"))
        .env(
            "PORT_REGISTRY_RANGE",
            format!("{}-{}", first + 1, first + 1),
        )
        .args(["--port", "0", "--pidfile"])
        .arg(sandbox.path().join("other.pid"));
    let daemon = Daemon::spawn(&mut command);
    let made = daemon.ask("POST", "/v1/allocations", CLAIM).json(201);
    assert_eq!(made["port"], first + 1);
    assert!(sandbox.path().join("variable.redb").exists());
}
