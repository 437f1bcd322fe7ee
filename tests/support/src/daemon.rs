//! The real daemon, and HTTP clients that control every byte they send.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::conditions::{wait_until, wait_until_stopped};
use crate::{Sandbox, program, wait_for_exit};

/// Path of the daemon's program.
pub static PORT_REGISTRY: LazyLock<PathBuf> = LazyLock::new(|| program("port-registry"));

/// Timeout for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running daemon, killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    pub child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    /// Starts a daemon on a port chosen by the system.
    pub fn start(sandbox: &Sandbox) -> Daemon {
        Daemon::start_with(sandbox, &[])
    }

    /// Like [`start`](Self::start), with more arguments.
    pub fn start_with(sandbox: &Sandbox, words: &[&str]) -> Daemon {
        Daemon::spawn(
            sandbox
                .command(&*PORT_REGISTRY)
                .args(["--port", "0"])
                .args(words),
        )
    }

    /// Starts a daemon by a command, and waits until it listens. Panics if it ends before.
    #[track_caller]
    pub fn spawn(command: &mut Command) -> Daemon {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let Some(line) = lines.next() else {
                let status = child.wait().unwrap();
                panic!("the daemon ended: {status}, {}", log.lock().unwrap());
            };
            let line = line.unwrap();
            log.lock().unwrap().extend([&*line, "\n"]);
            if let Some((_, rest)) = line.split_once(" listens on http://") {
                break rest.split(',').next().unwrap().parse().unwrap();
            }
        };
        let rest = log.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                rest.lock().unwrap().extend([&*line, "\n"]);
            }
        });
        Daemon {
            child,
            address,
            log,
        }
    }

    /// Starts a daemon that logs to a file, and waits until it listens. `visible` is the path of the file for this process.
    #[track_caller]
    pub fn spawn_logging(command: &mut Command, log: &Path, visible: &Path) -> Daemon {
        let child = command.arg("--log").arg(log).spawn().unwrap();
        let mut daemon = Daemon {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: Arc::default(),
        };
        wait_until("the daemon listens", || {
            let text = fs::read_to_string(visible).unwrap_or_default();
            let address = text.split_once(" listens on http://");
            let Some((address, _)) = address.and_then(|(_, rest)| rest.split_once(',')) else {
                assert!(daemon.child.try_wait().unwrap().is_none(), "{text}");
                return false;
            };
            daemon.address = address.parse().unwrap();
            true
        });
        daemon
    }

    /// Returns the log so far. It is empty if the daemon logs to a file.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends one request over a new connection.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Response {
        self.client().ask(method, path, body)
    }

    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Suspends the daemon until it is sent `CONT`, and waits until `ps` reports it as stopped.
    #[track_caller]
    pub fn suspend(&self) {
        self.signal("STOP");
        wait_until_stopped(self.child.id());
    }

    /// Waits until the daemon has ended. Panics after a minute.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        wait_for_exit(&mut self.child)
    }

    /// Resident memory in KiB.
    #[cfg(target_os = "linux")]
    pub fn resident_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.unwrap().split_whitespace().nth(1);
        number.unwrap().parse().unwrap()
    }

    /// Processor time used, in hundredths of a second (proc(5), `_SC_CLK_TCK`).
    #[cfg(target_os = "linux")]
    pub fn processor_time(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields = fields.split_whitespace().skip(11).take(2);
        fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A keep-alive connection.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        Client::try_connect(address).unwrap()
    }

    pub fn try_connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream: BufReader::new(stream),
        })
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Sends a request with only a `Host` header, and waits for the answer.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Response {
        self.ask_with(method, path, &["Host: localhost"], body)
    }

    pub fn ask_with(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Response {
        let mut request = vec![format!("{method} {path} HTTP/1.1")];
        request.extend(headers.iter().map(|&header| header.to_owned()));
        if !body.is_empty() {
            request.push(format!("Content-Length: {}", body.len()));
        }
        request.extend([String::new(), body.to_owned()]);
        let request = request.join("\r\n");
        self.send(request.as_bytes());
        self.receive(method)
    }

    /// Like [`ask`](Self::ask), but returns an error if the daemon closes the connection.
    pub fn try_ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<Response> {
        self.begin(method, path, body);
        self.try_receive(method)
    }

    fn begin(&mut self, method: &str, path: &str, body: &str) {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        self.send(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes());
    }

    /// Requests an allocation without waiting for the answer.
    pub fn post(&mut self, body: &str) {
        self.begin("POST", "/v1/allocations", body);
    }

    /// Sends bytes. Ignores errors, because the daemon may answer and close the connection before it has read
    /// everything.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// Waits for the answer to a request with this method.
    #[track_caller]
    pub fn receive(&mut self, method: &str) -> Response {
        self.try_receive(method).unwrap()
    }

    pub fn try_receive(&mut self, method: &str) -> io::Result<Response> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Response {
            status,
            head,
            body: String::new(),
        };
        let length = response.header("content-length");
        let length = length.map_or(0, |length| length.parse().unwrap());
        if method != "HEAD" {
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body)?;
            response.body = String::from_utf8(body).unwrap();
        }
        Ok(response)
    }

    /// Returns true if the daemon closes the connection without sending another byte. Panics if the connection
    /// stays open for a minute.
    pub fn is_closed(&mut self) -> bool {
        let start = Instant::now();
        let end = self.stream.read(&mut [0; 1]);
        assert!(start.elapsed() < PATIENCE, "the connection stays open");
        matches!(end, Ok(0) | Err(_))
    }
}

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let field = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value)
    }

    /// Parses the body. Panics unless the response is JSON with this status.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.body.ends_with('\n'), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}
