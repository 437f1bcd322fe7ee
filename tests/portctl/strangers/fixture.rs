//! Programs in place of the daemon.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::machine::Machine;
use serde_json::json;
use test_support::helper::Helper;
use test_support::{is_available, program, wait_until};

/// A process that portctl must not signal. Killed when dropped.
pub(super) struct Stranger(pub(super) Child);

impl Stranger {
    pub(super) fn new() -> Stranger {
        Stranger(Command::new("sleep").arg("600").spawn().unwrap())
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    #[track_caller]
    pub(super) fn assert_unharmed(&mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None);
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a foreign server that sends the same answer to every request, or never answers. It is a process of its own,
/// because a child of this one seems to own its sockets until it runs its program.
pub(super) fn impostor(address: SocketAddr, answer: Option<&str>) -> Helper {
    let mut command = Command::new(program("test-impostor"));
    let mut impostor = Helper::spawn(command.arg(address.to_string()).args(answer));
    impostor.expect(&format!("listening {}", address.port()));
    impostor
}

pub(super) fn ok(identity: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\n{identity}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The answer of a server that claims to be the daemon that the machine has as process `pid`, run by a service manager.
pub(super) fn claim(machine: &Machine, pid: u32) -> String {
    let store = machine.sandbox.store();
    let version = env!("CARGO_PKG_VERSION");
    let supervisor = json!({"name": "systemd", "service": "ssh.service", "scope": "system"});
    let daemon = json!({"version": version, "pid": pid, "store": store, "range": "1-65535", "supervisor": supervisor});
    let identity = format!("X-Port-Registry: {version}; pid={pid}\r\n");
    ok(&identity, &daemon.to_string())
}

/// Asserts that nothing suggests ending a process or stopping a service.
#[track_caller]
pub(super) fn assert_harmless(printed: &str) {
    for word in ["kill", "systemctl", "ssh.service"] {
        assert!(!printed.contains(word), "{word}: {printed}");
    }
}

/// Python source of a daemon of another version. It holds the lock, but describes itself in an unknown format.
pub(super) const OTHER_VERSION: &str = r#"
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
    /// Runs [`OTHER_VERSION`] with this description of itself. Returns `None` if Python is not installed.
    pub(super) fn of_another_version(machine: &Machine, body: &str) -> Option<Stranger> {
        let mut python = machine.sandbox.command("python3");
        if !is_available("Python", python.arg("--version")) {
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
        wait_until("the daemon of another version listens", || {
            TcpStream::connect(machine.address).is_ok()
        });
        Some(other)
    }
}
