//! Pidfiles and locks that the daemon did not write.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::machine::{Machine, pid_in};
use serde_json::json;
use test_support::Ran;
use test_support::daemon::{Daemon, PORT_REGISTRY};

use super::fixture::{Stranger, impostor, ok};

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
        // A forged pidfile must not mislead portctl while the daemon runs, either.
        fs::remove_file(&pidfile).unwrap();
        lie();
        machine.assert_healthy(pid);
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
    // Opening a named pipe would block.
    fs::remove_file(&lock).unwrap();
    let made = Command::new("mkfifo").arg(&lock).status().unwrap();
    assert!(made.success());
    complains(&["start"]);
    // portctl without a daemon does not use the lock.
    let mut command = machine.command(&["get", "web"]);
    Ran::of(command.env_remove("PORT_REGISTRY_ADDR")).printed();
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
        "error: a port-registry daemon answers at [ADDRESS] and says that it is process {pid}, but \
         [SANDBOX]/home/.port-registry/port-registry.pid.lock does not name it as this user's daemon; \
         it was left alone\nhint: "
    );
    for (words, hint) in [
        ("start", "choose another port: `PORT_REGISTRY_ADDR="),
        (
            "stop",
            "it may be the daemon of another user, or of another home folder",
        ),
        ("restart", "choose another port: `PORT_REGISTRY_ADDR="),
    ] {
        let complaint = machine.complaint(&[words]);
        let found = complaint.strip_prefix(&expected).unwrap();
        assert!(found.starts_with(hint), "{complaint}");
    }
    let status = machine.run(&["status"]);
    assert!(
        status
            .stderr
            .starts_with("note: it does not hold the daemon's lock of this HOME"),
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
    let answer = ok(&identity, &daemon.to_string());
    let _impostor = impostor(machine.address, Some(&answer));
    fs::create_dir(machine.folder()).unwrap();
    let path = machine.folder().join("port-registry.pid.lock");
    let lock = fs::File::create(&path).unwrap();
    lock.lock().unwrap();
    // A daemon in another container writes process ids that name other processes here, or none.
    writeln!(&lock, "{pid} {}", machine.address).unwrap();
    let expected = |pid: u32| {
        format!(
            "error: [SANDBOX]/home/.port-registry/port-registry.pid.lock names process {pid}, but \
             no process with this id holds the lock here, so none was stopped\n\
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
