//! Servers at the daemon's default address, 127.0.0.1:51234.
//!
//! Other programs may use that address, so each test runs in its own network namespace. That needs Linux, and a
//! user who may create one.

use test_support::{Ran, Sandbox, namespace, path_with, program};

/// Runs a shell script in a network namespace, with `portctl` and `port-registry` on the PATH. Returns `None` if
/// the user may not create namespaces.
fn in_network_namespace(sandbox: &Sandbox, script: &str) -> Option<Ran> {
    let up = "ip link set lo up";
    let mut command = namespace::command(sandbox, "--net", up)?;
    let daemon = program("port-registry");
    let path = path_with(&[daemon.parent().unwrap()]);
    let script = format!("set -e; {up}; {script}");
    Some(Ran::of(
        command.env("PATH", path).args(["sh", "-c", &script]),
    ))
}

/// Returns a command that runs its argument as a shell script beside a foreign server. The server runs a line of
/// Python for each connection, and the command fails if there was any.
fn impostor(line: &str) -> String {
    format!(
        "python3 -c '
import socket, threading
listener = socket.create_server((\"127.0.0.1\", 51234))
held = []
def serve():
    while True:
        connection = listener.accept()[0]
        held.append(connection)
        {line}
threading.Thread(target=serve, daemon=True).start()
import subprocess, sys
code = subprocess.call([\"sh\", \"-ec\", sys.argv[1]])
sys.exit(f\"the server got {{len(held)}} connections\" if held else code)
'"
    )
}

#[test]
fn foreign_server_at_the_default_address_is_never_contacted() {
    let answer = r#"connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")"#;
    for line in ["pass", answer] {
        let sandbox = Sandbox::new();
        let script = format!(
            "{} 'portctl get web; portctl get web; portctl list --json; portctl release; \
             portctl version'; \
             test -e \"$HOME/.port-registry/ports.redb\"",
            impostor(line)
        );
        let Some(ran) = in_network_namespace(&sandbox, &script) else {
            return;
        };
        let lines: Vec<&str> = ran.printed().lines().collect();
        assert_eq!(lines[..2], ["3000", "3000"], "{ran:?}");
        assert_eq!(lines[3], "released port 3000 of work/default/web");
    }
}

#[test]
fn start_names_the_client_that_uses_the_default_port_and_follows_its_own_hint() {
    let sandbox = Sandbox::new();
    let script = format!(
        "mkfifo in out; {} connected 51234 < in > out & exec 3> in; read -r line < out; \
         ! portctl start 2> complaint; ! port-registry 2> of-daemon; cat complaint of-daemon; \
         eval \"$(sed -n 's/.*`\\(.*\\)`/\\1/p' complaint)\"; \
         PORT_REGISTRY_ADDR=127.0.0.1:51235 portctl stop; exec 3>&-; wait",
        program("test-socket").display()
    );
    let Some(ran) = in_network_namespace(&sandbox, &script) else {
        return;
    };
    let lines: Vec<&str> = ran.printed().lines().collect();
    let client = "the port is in use by a connection of test-socket (pid ";
    let error = format!("error: the daemon cannot listen at 127.0.0.1:51234: {client}");
    assert!(lines[0].starts_with(&error), "{ran:?}");
    assert_eq!(
        lines[1],
        "hint: choose another port: `PORT_REGISTRY_ADDR=127.0.0.1:51235 portctl start`"
    );
    let error = format!("error: cannot listen on 127.0.0.1:51234: {client}");
    assert!(lines[2].starts_with(&error), "{ran:?}");
    assert!(
        lines[2].ends_with("); choose another port with --port"),
        "{ran:?}"
    );
    assert!(lines[3].starts_with("Server started (pid "), "{ran:?}");
    assert!(lines[3].ends_with(" at http://127.0.0.1:51235"), "{ran:?}");
    assert!(lines[4].starts_with("Server stopped (pid "), "{ran:?}");
}

#[test]
fn commands_do_not_take_their_own_end_of_a_connection_for_a_server() {
    let sandbox = Sandbox::new();
    // The kernel has only these ports for the ends of clients, and one of them is the daemon's own.
    let script = "echo 51232 51237 > /proc/sys/net/ipv4/ip_local_port_range; \
                  for i in 1 2 3 4 5 6 7 8; do portctl status; done | uniq; \
                  portctl start; portctl stop";
    let Some(ran) = in_network_namespace(&sandbox, script) else {
        return;
    };
    let lines: Vec<&str> = ran.printed().lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "Server is not running"));
    assert!(lines[1].starts_with("Server started (pid "), "{ran:?}");
    assert!(lines[2].starts_with("Server stopped (pid "), "{ran:?}");
}

#[test]
fn daemon_at_the_default_address_is_reported_but_not_used_for_allocations() {
    let sandbox = Sandbox::new();
    // The daemon has another range, so its ports differ from those that portctl allocates itself.
    let script = "PORT_REGISTRY_RANGE=4000-4001 portctl start >&2; portctl get web; \
                  portctl version | tail -1 | cut -d' ' -f1; portctl status; portctl health; \
                  PORT_REGISTRY_ADDR=127.0.0.1:51234 portctl get api; portctl stop >&2; \
                  portctl get web db";
    let Some(ran) = in_network_namespace(&sandbox, script) else {
        return;
    };
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(lines[..2], ["3000", "port-registry"], "{ran:?}");
    let healthy = " healthy at http://127.0.0.1:51234";
    assert!(lines[2].ends_with(healthy), "{ran:?}");
    assert_eq!(lines[3..], ["healthy", "4000", "3000", "3001"], "{ran:?}");
}
