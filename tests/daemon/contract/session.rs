//! Recorded sessions with a daemon, compared with snapshots.

use std::fmt::Write as _;
use std::net::TcpListener;

use insta::assert_snapshot;
use test_support::daemon::{Daemon, Response};
use test_support::{Sandbox, free_block};

/// Number of ports in the range of the daemon.
pub(super) const PORTS: u16 = 4;

/// A daemon with a small port range, and a transcript of the requests sent to it.
pub(super) struct Session {
    pub(super) sandbox: Sandbox,
    pub(super) daemon: Daemon,
    pub(super) first: u16,
    pub(super) transcript: String,
}

impl Session {
    pub(super) fn new() -> Session {
        let sandbox = Sandbox::new();
        let first = free_block(PORTS);
        let range = format!("{first}-{}", first + PORTS - 1);
        let daemon = Daemon::start_with(&sandbox, &["--range", &range]);
        Session {
            sandbox,
            daemon,
            first,
            transcript: String::new(),
        }
    }

    /// Returns a port of the range.
    pub(super) fn port(&self, offset: u16) -> u16 {
        self.first + offset
    }

    /// Sends a request and records it with its response.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: &str) -> Response {
        let response = self.daemon.ask(method, path, body);
        self.record(&format!("{method} {path} {body}"), &response);
        response
    }

    pub(super) fn record(&mut self, request: &str, response: &Response) {
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

    /// Compares the transcript with a snapshot, after redacting values that differ between runs.
    pub(super) fn assert_snapshot(self, name: &str) {
        let mut settings = test_support::snapshots::settings();
        settings.add_filter(self.sandbox.path().to_str().unwrap(), "[SANDBOX]");
        // Only Linux tells the folder of the process, which may be in a checkout.
        settings.add_filter(
            &format!(
                r#""addresses":\["127.0.0.1"\],"pid":{},"process":"[^"]*"(,"dir":"[^"]*")?(,"checkout":"[^"]*","checkout_by":"[^"]*")?"#,
                std::process::id()
            ),
            r#""pid":[PID],"process":"[PROCESS]""#,
        );
        for offset in 0..PORTS {
            let port = format!(r"\b{}\b", self.port(offset));
            settings.add_filter(&port, format!("[P-{offset}]"));
        }
        settings.bind(|| assert_snapshot!(name, self.transcript));
    }
}

/// Listens on this port.
pub(super) fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}
