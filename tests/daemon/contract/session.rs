//! A conversation with the daemon, as a snapshot.

use std::fmt::Write as _;
use std::net::TcpListener;

use insta::assert_snapshot;
use test_support::daemon::{Daemon, Response};
use test_support::{Sandbox, free_block};

/// How many ports there are to choose from.
pub(super) const PORTS: u16 = 4;

/// A daemon that chooses from a few ports, and what was said to it.
pub(super) struct Talk {
    pub(super) sandbox: Sandbox,
    pub(super) daemon: Daemon,
    pub(super) first: u16,
    pub(super) transcript: String,
}

impl Talk {
    pub(super) fn new() -> Talk {
        let sandbox = Sandbox::new();
        let first = free_block(PORTS);
        let range = format!("{first}-{}", first + PORTS - 1);
        let daemon = Daemon::start_with(&sandbox, &["--range", &range]);
        Talk {
            sandbox,
            daemon,
            first,
            transcript: String::new(),
        }
    }

    /// A port of those that are chosen from.
    pub(super) fn port(&self, offset: u16) -> u16 {
        self.first + offset
    }

    pub(super) fn ask(&mut self, method: &str, path: &str, body: &str) -> Response {
        let response = self.daemon.ask(method, path, body);
        self.note(&format!("{method} {path} {body}"), &response);
        response
    }

    pub(super) fn note(&mut self, request: &str, response: &Response) {
        let text = &mut self.transcript;
        writeln!(text, "> {}", request.trim_end()).unwrap();
        write!(text, "{}", response.status).unwrap();
        for field in ["location", "allow"] {
            if let Some(value) = response.header(field) {
                write!(text, " {field}: {value}").unwrap();
            }
        }
        writeln!(text, "\n{}", response.body).unwrap();
        assert_eq!(response.header("content-type"), Some("application/json"));
        let identity = format!(
            "{}; pid={}",
            env!("CARGO_PKG_VERSION"),
            self.daemon.child.id()
        );
        assert_eq!(response.header("x-port-registry"), Some(&*identity));
        assert!(!response.head.to_lowercase().contains("access-control"));
    }

    /// Compares the transcript with its snapshot, with what differs from run to run put in general
    /// terms.
    pub(super) fn compare(self, name: &str) {
        let mut settings = test_support::snapshots::settings();
        settings.add_filter(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        settings.add_filter(
            &format!(r#""pid":{},"process":"[^"]*""#, std::process::id()),
            r#""pid":[PID],"process":"[PROCESS]""#,
        );
        for offset in 0..PORTS {
            let port = format!(r"\b{}\b", self.port(offset));
            settings.add_filter(&port, format!("[P-{offset}]"));
        }
        settings.bind(|| assert_snapshot!(name, self.transcript));
    }
}

/// A socket of this process that listens on this port.
pub(super) fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}
