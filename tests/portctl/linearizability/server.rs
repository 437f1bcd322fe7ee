//! A daemon that can be killed and comes back.

use std::ops::RangeInclusive;
use std::sync::Mutex;

use test_support::Sandbox;
use test_support::daemon::{Client, Daemon};

pub(crate) struct Server {
    pub(crate) sandbox: Sandbox,
    range: String,
    daemon: Mutex<Daemon>,
}

impl Server {
    /// Starts a daemon on the store of a sandbox of its own.
    pub(crate) fn start(range: &RangeInclusive<u16>) -> Server {
        let sandbox = Sandbox::new();
        let range = format!("{}-{}", range.start(), range.end());
        let daemon = Mutex::new(start(&sandbox, &range));
        Server {
            sandbox,
            range,
            daemon,
        }
    }

    /// A new connection. While there is no daemon this waits for the next one, and never asks for an
    /// address that may belong to somebody else by now.
    pub(crate) fn connect(&self) -> Client {
        self.daemon.lock().unwrap().client()
    }

    /// Kills the daemon, whatever it is at, and starts another one at another address.
    pub(crate) fn kill_and_restart(&self) {
        let mut daemon = self.daemon.lock().unwrap();
        daemon.child.kill().unwrap();
        daemon.wait();
        *daemon = start(&self.sandbox, &self.range);
    }
}

fn start(sandbox: &Sandbox, range: &str) -> Daemon {
    Daemon::start_with(sandbox, &["--range", range])
}
