//! The daemon's default address, 127.0.0.1:51234, which a test can only have in a network of its own. These
//! tests need Linux, and a user who may make a network namespace.

use test_support::{Ran, Sandbox, namespace, program};

/// Runs a shell script in a network of its own, with `portctl` and `port-registry` on the PATH. `None`
/// where that is not allowed.
fn in_a_network_of_its_own(sandbox: &Sandbox, script: &str) -> Option<Ran> {
    let up = "ip link set lo up";
    let mut command = namespace::command(sandbox, "--net", up)?;
    let daemon = program("port-registry");
    let path = format!(
        "{}:{}",
        daemon.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let script = format!("set -e; {up}; {script}");
    Some(Ran::of(
        command.env("PATH", path).args(["sh", "-c", &script]),
    ))
}

/// A server that treats every connection alike: it runs a line of Python on it.
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
sys.exit(f\"it was asked {{len(held)}} times\" if held else code)
'"
    )
}

#[test]
fn other_server_there_is_not_even_asked() {
    let answer = r#"connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")"#;
    for line in ["pass", answer] {
        let sandbox = Sandbox::new();
        let script = format!(
            "{} 'portctl get web; portctl get web; portctl list --json; portctl release; \
             portctl version'; \
             test -e \"$HOME/.port-registry/ports.redb\"",
            impostor(line)
        );
        let Some(ran) = in_a_network_of_its_own(&sandbox, &script) else {
            return;
        };
        let lines: Vec<&str> = ran.printed().lines().collect();
        assert_eq!(lines[..2], ["3000", "3000"], "{ran:?}");
        assert_eq!(lines[3], "released port 3000 of work/default/web");
    }
}

#[test]
fn daemon_there_is_told_of_and_not_used_for_allocations() {
    let sandbox = Sandbox::new();
    // The daemon would choose another port.
    let script = "PORT_REGISTRY_RANGE=4000-4001 portctl start >&2; portctl get web; \
                  portctl version | tail -1 | cut -d' ' -f1; portctl status; portctl health; \
                  PORT_REGISTRY_ADDR=127.0.0.1:51234 portctl get api; portctl stop >&2; \
                  portctl get web db";
    let Some(ran) = in_a_network_of_its_own(&sandbox, script) else {
        return;
    };
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(lines[..2], ["3000", "port-registry"], "{ran:?}");
    assert!(lines[2].ends_with(" healthy"), "{ran:?}");
    assert_eq!(lines[3..], ["healthy", "4000", "3000", "3001"], "{ran:?}");
}
