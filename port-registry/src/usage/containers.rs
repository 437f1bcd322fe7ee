//! The running containers, as the engine's socket describes them.

use std::env;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::deadline::Deadline;
use crate::system::user;

/// Time limit for the answers of all engines together.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Limit of the answer in bytes. A container takes some 2,000.
const MAX_ANSWER: usize = 8 << 20;

/// The request for the running containers. The answer to HTTP/1.0 ends with the connection, and is not chunked.
const REQUEST: &[u8] =
    b"GET /containers/json HTTP/1.0\r\nHost: docker\r\nAccept: application/json\r\n\r\n";

/// The variable that names the engine, for all clients of Docker.
const ENGINE_VARIABLE: &str = "DOCKER_HOST";

/// A running container (`GET /containers/json` of the Docker Engine API, which podman serves too).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    id: String,
    /// Each with a slash before it.
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(default)]
    ports: Option<Vec<Published>>,
}

#[derive(Debug, Default, Deserialize)]
struct Labels {
    #[serde(default, rename = "com.docker.compose.project.working_dir")]
    working_dir: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Published {
    #[serde(default)]
    public_port: Option<u16>,
    #[serde(default)]
    r#type: String,
}

impl Container {
    /// Returns its name, or the beginning of its id, as the engine's programs show it.
    pub(super) fn name(&self) -> String {
        match self.names.first() {
            Some(name) => name.trim_start_matches('/').to_owned(),
            None => short_id(&self.id),
        }
    }

    /// Returns the folder of the Compose project that it belongs to.
    pub(super) fn project_folder(&self) -> Option<&PathBuf> {
        let folder = self.labels.as_ref()?.working_dir.as_ref();
        folder.filter(|it| it.is_absolute())
    }

    pub(super) fn publishes(&self, port: u16) -> bool {
        let ports = self.ports.iter().flatten();
        ports
            .filter(|it| it.r#type == "tcp")
            .any(|it| it.public_port == Some(port))
    }

    /// Tests if this is the beginning of its id, as [`short_id`] returns it.
    pub(super) fn has_id(&self, beginning: &str) -> bool {
        self.id.starts_with(beginning)
    }

    /// Tests if both describe one container. Several paths may lead to the socket of one engine.
    pub(super) fn is_same(&self, other: &Container) -> bool {
        self.id == other.id
    }
}

/// Returns the part of an id that the engine's programs show.
pub(super) fn short_id(id: &str) -> String {
    id.chars().take(12).collect()
}

/// Asks each engine whose socket this user may open for its running containers.
pub(super) fn running() -> Vec<Container> {
    let deadline = Deadline::after(TIMEOUT);
    let answers = sockets()
        .into_iter()
        .filter_map(|it| ask(&it, deadline).ok());
    answers.flat_map(|it| parse(&it)).collect()
}

/// Returns the sockets of the engine that the environment names, or else of all engines at their usual places.
fn sockets() -> Vec<PathBuf> {
    if let Some(named) = env::var_os(ENGINE_VARIABLE).filter(|it| !it.is_empty()) {
        let named = named.to_string_lossy();
        // An engine at another address is that of another machine.
        return named
            .strip_prefix("unix://")
            .map(PathBuf::from)
            .into_iter()
            .collect();
    }
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    // A relative path is invalid (XDG Base Directory Specification).
    if let Some(runtime) = runtime.filter(|it| it.is_absolute()) {
        sockets.extend([
            runtime.join("docker.sock"),
            runtime.join("podman/podman.sock"),
        ]);
    }
    sockets.extend(user::home().map(|home| home.join(".docker/run/docker.sock")));
    sockets
}

/// Asks an engine. Gives up at the deadline, even if the engine has sent a part of the answer.
fn ask(socket: &Path, deadline: Deadline) -> io::Result<Vec<u8>> {
    let mut engine = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // Limits the wait of the connection for a place in the engine's queue too.
    engine.set_write_timeout(Some(remaining(deadline)?))?;
    engine.connect(&SockAddr::unix(socket)?)?;
    engine.write_all(REQUEST)?;
    let mut answer = Vec::new();
    let mut part = vec![0; 64 << 10];
    while answer.len() < MAX_ANSWER {
        engine.set_read_timeout(Some(remaining(deadline)?))?;
        match engine.read(&mut part)? {
            0 => return Ok(answer),
            length => answer.extend_from_slice(&part[..length]),
        }
    }
    Err(io::ErrorKind::FileTooLarge.into())
}

/// Returns the time that is left. Never returns zero, because sockets do not accept it as a time limit.
fn remaining(deadline: Deadline) -> io::Result<Duration> {
    let remaining = deadline.remaining();
    if remaining.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(remaining)
}

/// Parses the answer. Returns no containers if it is not as expected.
fn parse(answer: &[u8]) -> Vec<Container> {
    const BLANK_LINE: &[u8] = b"\r\n\r\n";
    let end = answer
        .windows(BLANK_LINE.len())
        .position(|it| it == BLANK_LINE);
    let Some(end) = end else {
        return Vec::new();
    };
    let status = answer.split(|byte| *byte == b' ').nth(1);
    if status != Some(b"200") {
        return Vec::new();
    }
    serde_json::from_slice(&answer[end + BLANK_LINE.len()..]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::thread;
    use std::time::Duration;

    use super::{Deadline, ask, parse};

    fn answer(status: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n{body}").into_bytes()
    }

    #[test]
    fn containers_have_names_folders_and_published_ports() {
        let body = r#"[
            {"Id": "8f3c", "Names": ["/shop-db-1"], "State": "running",
             "Labels": {"com.docker.compose.project.working_dir": "/home/me/shop", "other": "x"},
             "Ports": [{"IP": "0.0.0.0", "PrivatePort": 5432, "PublicPort": 5433, "Type": "tcp"},
                       {"PrivatePort": 53, "PublicPort": 53, "Type": "udp"},
                       {"PrivatePort": 9000, "Type": "tcp"}]},
            {"Id": "0123456789abcdef", "Names": [], "Labels": null, "Ports": null}
        ]"#;
        let found = parse(&answer("200 OK", body));
        let [db, other] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(db.name(), "shop-db-1");
        assert_eq!(db.project_folder(), Some(&PathBuf::from("/home/me/shop")));
        assert!(db.publishes(5433) && !db.publishes(5432) && !db.publishes(53));
        assert!(db.has_id("8f3c"));
        assert_eq!(other.name(), "0123456789ab");
        assert_eq!(other.project_folder(), None);
        assert!(!other.publishes(9000));
    }

    #[test]
    fn an_unexpected_answer_has_no_containers() {
        for answer in [
            Vec::new(),
            b"HTTP/1.0 200 OK\r\n\r\n".to_vec(),
            b"SSH-2.0-OpenSSH\r\n\r\n[]".to_vec(),
            answer("403 Forbidden", "[]"),
            answer("200 OK", "{}"),
            answer("200 OK", r#"[{"Names": ["/x"]}]"#),
        ] {
            assert!(parse(&answer).is_empty());
        }
    }

    /// Asks an engine, which has this time to answer.
    fn ask_within(milliseconds: u64, socket: &Path) -> Result<Vec<u8>, ErrorKind> {
        let deadline = Deadline::after(Duration::from_millis(milliseconds));
        ask(socket, deadline).map_err(|error| error.kind())
    }

    #[test]
    fn an_engine_is_not_waited_for_after_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        assert_eq!(ask_within(20, &socket), Err(ErrorKind::NotFound));
        let engine = UnixListener::bind(&socket).unwrap();
        let is_late = |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
        // Nobody accepts the connection.
        assert!(ask_within(20, &socket).is_err_and(is_late));
        assert!(ask_within(0, &socket).is_err_and(is_late));
        // An answer that never ends.
        let slow = thread::spawn(move || {
            let (_unused, _) = engine.accept().unwrap();
            let (mut client, _) = engine.accept().unwrap();
            while client.write_all(b" ").is_ok() {
                thread::yield_now();
            }
        });
        assert!(ask_within(200, &socket).is_err_and(is_late));
        // Ends the engine if the deadline passed before the connection.
        drop(UnixStream::connect(&socket));
        slow.join().unwrap();
    }

    #[test]
    fn an_engine_that_accepts_no_more_connections_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("engine.sock");
        let _engine = UnixListener::bind(&socket).unwrap();
        // They fill the queue of the engine.
        let mut waiting = Vec::new();
        loop {
            let client = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
            let client = client.unwrap();
            client.set_nonblocking(true).unwrap();
            let address = socket2::SockAddr::unix(&socket).unwrap();
            if client.connect(&address).is_err() {
                break;
            }
            waiting.push(client);
        }
        assert!(ask_within(20, &socket).is_err());
    }
}
