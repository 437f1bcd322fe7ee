//! A container engine that says which containers run.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// An engine's socket. Its thread ends with the test process.
pub(super) struct Engine {
    socket: PathBuf,
    containers: Arc<Mutex<Vec<Value>>>,
    requests: Arc<AtomicUsize>,
}

impl Engine {
    pub(super) fn start(folder: &Path) -> Engine {
        let socket = folder.join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let containers = Arc::new(Mutex::new(Vec::new()));
        let shown = containers.clone();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                counter.fetch_add(1, Ordering::Relaxed);
                answer(&client.unwrap(), &shown.lock().unwrap());
            }
        });
        Engine {
            socket,
            containers,
            requests,
        }
    }

    /// Returns the number of requests since the last call.
    pub(super) fn take_requests(&self) -> usize {
        self.requests.swap(0, Ordering::Relaxed)
    }

    /// The value of `DOCKER_HOST`.
    pub(super) fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Adds a container that publishes a port, and that Compose has started in a folder.
    pub(super) fn run(&self, name: &str, port: u16, folder: Option<&Path>) {
        let labels = match folder {
            Some(folder) => json!({"com.docker.compose.project.working_dir": folder}),
            None => json!({}),
        };
        self.containers.lock().unwrap().push(json!({
            "Id": "0123456789abcdef".repeat(4),
            "Names": [format!("/{name}")],
            "Labels": labels,
            "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": port, "Type": "tcp"}],
        }));
    }
}

/// Answers the request for the running containers, and closes the connection.
fn answer(mut client: &UnixStream, containers: &[Value]) {
    let mut lines = BufReader::new(client).lines().map_while(Result::ok);
    let request = lines.next().unwrap();
    assert!(lines.any(|it| it.is_empty()));
    // The docker client asks about the engine.
    if request.contains(" /_ping ") || request.contains("/info ") {
        let _ = write!(client, "HTTP/1.0 200 OK\r\nApi-Version: 1.45\r\n\r\n{{}}");
        return;
    }
    assert_eq!(request, "GET /containers/json HTTP/1.0");
    let body = Value::from(containers.to_vec());
    let _ = write!(
        client,
        "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}"
    );
}
