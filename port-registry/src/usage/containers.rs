//! The running containers, as the engine's socket describes them.

use std::env;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::system::user;

/// Time limit for each step of the conversation with the engine.
const TIMEOUT: Duration = Duration::from_millis(500);

/// Limit of the answer in bytes. A container takes some 2,000.
const MAX_ANSWER: u64 = 8 << 20;

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

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.id == id
    }
}

/// Returns the part of an id that the engine's programs show.
pub(super) fn short_id(id: &str) -> String {
    id.chars().take(12).collect()
}

/// Asks each engine whose socket this user may open for its running containers.
pub(super) fn running() -> Vec<Container> {
    let answers = sockets().into_iter().filter_map(|socket| ask(&socket));
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
    if let Some(runtime) = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        sockets.extend([
            runtime.join("docker.sock"),
            runtime.join("podman/podman.sock"),
        ]);
    }
    sockets.extend(user::home().map(|home| home.join(".docker/run/docker.sock")));
    sockets
}

fn ask(socket: &PathBuf) -> Option<Vec<u8>> {
    let mut engine = UnixStream::connect(socket).ok()?;
    engine.set_read_timeout(Some(TIMEOUT)).ok()?;
    engine.set_write_timeout(Some(TIMEOUT)).ok()?;
    engine.write_all(REQUEST).ok()?;
    let mut answer = Vec::new();
    engine.take(MAX_ANSWER).read_to_end(&mut answer).ok()?;
    Some(answer)
}

/// Parses the answer. One that is not understood has no containers.
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
    use std::path::PathBuf;

    use super::parse;

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
    fn an_answer_that_is_not_understood_has_no_containers() {
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
}
