//! The client programs, and the check of their sessions.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox, namespace};

/// A client, whose script runs the same requests at each URL of its arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program {
    /// A name on the PATH, or a path in target/programs.
    pub(super) interpreter: &'static str,
    pub(super) options: &'static [&'static str],
    /// A file in tests/programs/clients.
    pub(super) script: &'static str,
    /// The number of sessions that the script holds at each URL.
    pub(super) sessions: usize,
    /// The most connections to each URL.
    pub(super) connections: usize,
    pub(super) has_unix_sockets: bool,
}

impl Program {
    /// Runs sessions at the daemon's addresses, by IPv4, by IPv6 and by name. `localhost` has an IPv6 address first, as on
    /// most systems.
    #[track_caller]
    pub(super) fn check(&self) {
        let sandbox = Sandbox::in_memory();
        let names = sandbox.path().join("hosts");
        fs::write(&names, "::1 localhost\n127.0.0.1 localhost\n").unwrap();
        let mount = format!("mount --bind {} /etc/hosts", names.display());
        let Some(mut command) = namespace::command(&sandbox, "--mount", &mount) else {
            return;
        };
        let daemon = Daemon::start(&sandbox);
        let port = daemon.address.port();
        let hosts = ["127.0.0.1", "[::1]", "localhost"];
        let mut urls: Vec<_> = hosts
            .iter()
            .map(|host| format!("http://{host}:{port}"))
            .collect();
        let socket = sandbox.home().join(".port-registry/port-registry.sock");
        if self.has_unix_sockets {
            urls.push(format!("unix:{}", socket.display()));
        }
        let trace = sandbox.path().join("trace");
        command
            .args(["sh", "-c", &format!("{mount} && exec \"$0\" \"$@\"")])
            .args(["strace", "-qq", "--follow-forks", "--seccomp-bpf"])
            .args(["--decode-fds=all", "--trace=connect", "--output"])
            .args([&trace, &self.interpreter()])
            .args(self.options)
            .arg(self.script())
            .args(&urls);
        let ran = Ran::of(&mut command);
        let lines: Vec<_> = ran.printed().lines().collect();
        assert_eq!(lines.len(), 12 * self.sessions * urls.len(), "{ran:?}");
        lines.chunks(12).for_each(check_session);
        // glibc also connects datagram sockets, to sort the addresses of a name.
        let trace = fs::read_to_string(trace).unwrap();
        let peers = [format!("port=htons({port})"), socket.display().to_string()];
        let is_ours =
            |line: &&str| !line.contains("<UDP") && peers.iter().any(|peer| line.contains(peer));
        let connections = trace.lines().filter(is_ours).count();
        let most = self.connections * urls.len();
        assert!((urls.len()..=most).contains(&connections), "{trace}");
    }

    fn interpreter(&self) -> PathBuf {
        if self.interpreter.contains('/') {
            let target = PORT_REGISTRY.ancestors().nth(2).unwrap();
            target.join("programs").join(self.interpreter)
        } else {
            self.interpreter.into()
        }
    }

    fn script(&self) -> PathBuf {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs/clients");
        scripts.join(self.script)
    }
}

/// Checks the body and the status of each answer, which a script prints in one line each.
#[track_caller]
fn check_session(lines: &[&str]) {
    let answers = lines.chunks(2).map(|answer| {
        let body: Value = serde_json::from_str(answer[0]).unwrap();
        (answer[1].parse().unwrap(), body)
    });
    let answers: Vec<(u16, Value)> = answers.collect();
    let allocated = answers[0].1.clone();
    assert_eq!(allocated["service"], "web");
    let conflict = json!({
        "error": "service already allocated",
        "code": "service_taken",
        "holder": allocated,
    });
    let expected = [
        (201, allocated.clone()),
        (200, allocated.clone()),
        (409, conflict),
        (200, json!([allocated])),
        (200, json!({"deleted": 1})),
        (200, json!([])),
    ];
    assert_eq!(answers, expected);
}
