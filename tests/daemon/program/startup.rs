//! Startup of the daemon, and the errors that prevent it.

use std::fs;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use port_registry::{Claim, PortUse, ServiceKey};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::store_files::journal_of;
#[cfg(target_os = "linux")]
use test_support::user_of;
use test_support::{Ran, Sandbox, free_block, occupant};

use super::fixture::{CLAIM, failure, file_names, pidfile};

#[test]
fn startup_waits_for_a_port_in_use_and_then_names_its_owner() {
    let sandbox = Sandbox::new();
    let (occupant, port) = occupant();
    let port = port.to_string();
    let start = Instant::now();
    let message = failure(&sandbox, &["--port", &port]);
    assert!(start.elapsed() >= Duration::from_secs(3));
    let listener = PortUse::of_busy(port.parse().unwrap()).listener.unwrap();
    assert_eq!(listener.pid, Some(occupant.id()));
    let message = message
        .replace(&listener.to_string(), "[LISTENER]")
        .replace(&port, "[PORT]");
    let (waiting, message) = message.split_once('\n').unwrap();
    assert!(
        waiting.ends_with(" waiting for port [PORT], which is in use"),
        "{waiting}"
    );
    assert_snapshot!(message, @"error: cannot listen on 127.0.0.1:[PORT]: the port is in use by [LISTENER]; choose another port with --port");
    assert!(!pidfile(&sandbox).exists());

    // The daemon starts if the port becomes free while it waits.
    let log = sandbox.path().join("log");
    let mut command = sandbox.command(&*PORT_REGISTRY);
    command
        .args(["--port", &port])
        .stderr(fs::File::create(&log).unwrap());
    let mut daemon = command.spawn().unwrap();
    let has_logged = |text: &str| fs::read_to_string(&log).unwrap().contains(text);
    test_support::wait_until("the daemon waits", || has_logged("waiting for port"));
    drop(occupant);
    test_support::wait_until("the daemon listens", || {
        has_logged(&format!(" listens on http://127.0.0.1:{port},"))
    });
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn startup_does_not_wait_for_a_port_that_a_client_uses() {
    let sandbox = Sandbox::new();
    let port = free_block(1);
    let user = user_of(port, "connected");
    let message = failure(&sandbox, &["--port", &port.to_string()]);
    let message = message
        .replace(&port.to_string(), "[PORT]")
        .replace(&user.id().to_string(), "[PID]");
    let (before, after) = message.split_once(", in ").unwrap();
    assert_snapshot!(before, @"error: cannot listen on 127.0.0.1:[PORT]: the port is in use by a connection of test-socket (pid [PID]");
    assert!(
        after.ends_with("); choose another port with --port"),
        "{message}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn startup_says_that_a_closing_connection_goes_away_by_itself() {
    let sandbox = Sandbox::new();
    let port = free_block(1);
    let _user = user_of(port, "closing");
    let message = failure(&sandbox, &["--port", &port.to_string()]);
    let message = message.replace(&port.to_string(), "[PORT]");
    assert_snapshot!(message, @"error: cannot listen on 127.0.0.1:[PORT]: the port is kept by a connection that was just closed; try again in a minute, or choose another port with --port");
}

#[test]
fn files_that_are_no_registry_are_left_alone() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("ports.db");
    let path = file.to_str().unwrap();
    for content in [&b"SQLite format 3\0and so on"[..], b"something else"] {
        fs::write(&file, content).unwrap();
        let message = failure(&sandbox, &["--port", "0", "--db", path]);
        assert!(
            message.starts_with("error: [SANDBOX]/ports.db is "),
            "{message}"
        );
        assert_eq!(fs::read(&file).unwrap(), content);
    }
    assert!(!pidfile(&sandbox).exists());
    let message = failure(&sandbox, &["--port", "0", "--pidfile", "/dev/null/x"]);
    assert_snapshot!(message, @"error: cannot lock /dev/null/x.lock; choose another pidfile with --pidfile; cause: File exists");
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
fn a_damaged_store_is_reported_at_startup() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    for number in 0..50 {
        let key = ServiceKey::new("shop", "main", format!("service-{number}")).unwrap();
        registry.allocate(Claim::new(key)).unwrap();
    }
    drop(registry);
    // Flips one bit of a stored name, which without a check would read as another name.
    let journal = journal_of(&sandbox.store());
    let mut bytes = fs::read(&journal).unwrap();
    let name = b"service-17";
    let places: Vec<_> = (0..bytes.len())
        .filter(|&at| bytes[at..].starts_with(name))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + 8] ^= 1;
    }
    fs::write(&journal, &bytes).unwrap();
    let message = failure(&sandbox, &["--port", "0"]);
    assert!(message.contains("is damaged"), "{message}");
    assert!(
        fs::read(&journal).unwrap() == bytes,
        "the damaged journal was changed"
    );
}

#[test]
fn help_version_and_usage_errors_start_no_daemon() {
    let sandbox = Sandbox::new();
    let run = |args: &[&str]| sandbox.run(&*PORT_REGISTRY, args);
    let help = run(&["--help"]);
    for args in [["-h"], ["help"]] {
        assert_eq!(run(&args).printed(), help.printed());
    }
    test_support::snapshots::settings()
        .bind(|| assert_snapshot!("help-port-registry", help.printed()));
    for args in [["--version"], ["-V"]] {
        let version = format!("port-registry {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(run(&args).printed(), version);
    }
    for args in [
        &["--port=http"][..],
        &["--port", "65536"],
        &["--port"],
        &["--pidfile", "--version"],
        &["--db", "--pidfile=x"],
        &["--range", "9-1"],
        &["--frob"],
        &["extra"],
    ] {
        run(args).complained(2);
    }
    let mut command = sandbox.command(&*PORT_REGISTRY);
    let ran = Ran::of(command.env("PORT_REGISTRY_RANGE", "x"));
    assert!(
        ran.complained(1)
            .starts_with("error: PORT_REGISTRY_RANGE cannot be used")
    );
    assert!(file_names(&sandbox.home()).is_empty());
}

#[test]
fn flags_in_both_forms_override_the_environment() {
    let sandbox = Sandbox::new();
    let first = free_block(2);
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
